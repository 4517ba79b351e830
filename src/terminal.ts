/**
 * How work in progress looks: bars with rate and time left on a terminal, plain lines elsewhere, JSON
 * lines for machines. Progress goes to stderr, results to stdout, so output can be piped.
 */

import { MultiBar, type SingleBar } from 'cli-progress';
import type { Emit, WorkEvent } from './core/events.js';

export interface Reporter {
  emit: Emit;
  /** Ends the bars; call before printing results. */
  close(): void;
}

interface Task {
  unit: string;
  begun: number;
  /** `done` of the first progress event: what an earlier run had finished. */
  before: number | undefined;
  total: number | undefined;
  lastLine: number;
}

/** At most one plain line a task in this many milliseconds. */
const PLAIN_LINE_MS = 5_000;

export function createReporter(options: {
  json: boolean;
  stream: NodeJS.WriteStream;
  now?: () => number;
}): Reporter {
  const { stream, now = () => performance.now() } = options;
  if (options.json) {
    return { emit: (event) => stream.write(`${JSON.stringify(event)}\n`), close: () => {} };
  }
  return stream.isTTY ? barReporter(stream, now) : plainReporter(stream, now);
}

function plainReporter(stream: NodeJS.WriteStream, now: () => number): Reporter {
  const tasks = new Map<string, Task>();
  const line = (text: string): void => {
    stream.write(`${text}\n`);
  };
  return {
    emit(event) {
      const task = follow(tasks, event, now());
      if (event.type === 'message') line(messageLine(event));
      else if (event.type === 'metric') line(metricLine(event));
      else if (event.type === 'begin') line(`${event.task}: started`);
      else if (task !== undefined && event.type === 'progress') {
        if (now() - task.lastLine < PLAIN_LINE_MS) return;
        task.lastLine = now();
        line(`${event.task}: ${describe(task, event.done, now())}${note(event.note)}`);
      } else if (task !== undefined && event.type === 'end') {
        const seconds = (now() - task.begun) / 1000;
        line(`${event.task}: done, ${count(event.done)} ${task.unit} in ${duration(seconds)}`);
      }
    },
    close() {},
  };
}

function barReporter(stream: NodeJS.WriteStream, now: () => number): Reporter {
  const tasks = new Map<string, Task>();
  const bars = new Map<string, SingleBar>();
  const multi = new MultiBar(
    {
      stream,
      format: '{task} {bar} {text}',
      barsize: 24,
      barCompleteChar: '━',
      barIncompleteChar: '╌',
      hideCursor: true,
      clearOnComplete: false,
      fps: 8,
    },
    undefined,
  );
  return {
    emit(event) {
      const task = follow(tasks, event, now());
      if (event.type === 'message') multi.log(`${messageLine(event)}\n`);
      if (task === undefined || !('task' in event)) return;
      const name = event.task.padEnd(10);
      let bar = bars.get(event.task);
      if (bar === undefined) {
        bar = multi.create(task.total ?? 1, 0, { task: name, text: '' });
        bars.set(event.task, bar);
      }
      if (event.type === 'progress') {
        bar.setTotal(task.total ?? Math.max(event.done * 2, 1));
        bar.update(event.done, { text: describe(task, event.done, now()) + note(event.note) });
      } else if (event.type === 'end') {
        const seconds = (now() - task.begun) / 1000;
        bar.setTotal(Math.max(event.done, 1));
        const text = `${count(event.done)} ${task.unit} in ${duration(seconds)}`;
        bar.update(Math.max(event.done, 1), { text });
      }
    },
    close() {
      multi.stop();
    },
  };
}

function follow(tasks: Map<string, Task>, event: WorkEvent, now: number): Task | undefined {
  if (event.type === 'begin') {
    const { unit, total } = event;
    tasks.set(event.task, { unit, total, begun: now, before: undefined, lastLine: now });
  }
  if (!('task' in event)) return undefined;
  const task = tasks.get(event.task);
  if (task !== undefined && event.type === 'progress') {
    task.before ??= event.done;
    if (event.total !== undefined) task.total = event.total;
  }
  return task;
}

/** `1,234/5,678 images, 56/s, 1 min 19 s left`. */
function describe(task: Task, done: number, now: number): string {
  const seconds = (now - task.begun) / 1000;
  const rate = seconds > 0 ? (done - (task.before ?? 0)) / seconds : 0;
  const of = task.total === undefined ? '' : `/${count(task.total)}`;
  const left =
    task.total !== undefined && rate > 0 ? `, ${duration((task.total - done) / rate)} left` : '';
  const pace = rate >= 10 ? Math.round(rate).toLocaleString('en') : rate.toFixed(1);
  return `${count(done)}${of} ${task.unit}, ${pace}/s${left}`;
}

function messageLine(event: Extract<WorkEvent, { type: 'message' }>): string {
  return event.level === 'warning' ? `warning: ${event.text}` : event.text;
}

function metricLine(event: Extract<WorkEvent, { type: 'metric' }>): string {
  const values = Object.entries(event.values).map(([name, value]) => `${name} ${short(value)}`);
  return `step ${event.step}: ${values.join(', ')}`;
}

function short(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(4);
}

function note(text: string | undefined): string {
  return text === undefined ? '' : `, ${text}`;
}

function count(n: number): string {
  return n.toLocaleString('en');
}

/** `3 h 12 min`, `4 min 5 s`, `12 s`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s >= 3600) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  if (s >= 60) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${s} s`;
}
