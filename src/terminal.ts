/**
 * How work in progress looks: bars with rate and time left on a terminal, plain lines elsewhere, JSON
 * lines for machines. Progress goes to stderr, results to stdout, so output can be piped. Nothing that
 * came from the web reaches a terminal unseen: see `printable`.
 */

import type { CrawlSnapshot } from './core/crawl-snapshot.js';
import type { Emit, WorkEvent } from './core/events.js';
import { jsonLine, printable, printableLines } from './core/printable.js';
import { asManyAsFit, count, duration, rate } from './stats/text.js';
import { crawlBlock, crawlLine } from './terminal/crawl-view.js';
import { LiveArea } from './terminal/live-area.js';

export interface Reporter {
  emit: Emit;
  /** Ends the bars; call before printing results. */
  close(): void;
}

type Progress = Extract<WorkEvent, { type: 'progress' }>;

interface Task {
  unit: string;
  begun: number;
  /** What an earlier run had finished: as it says itself, or else `done` of the first progress event. */
  earlier: number | undefined;
  total: number | undefined;
  lastLine: number;
  last: Progress | undefined;
  /** As a crawl's snapshot has it, where there is one. */
  pace: { perSecond: number; secondsLeft: number | null } | undefined;
}

interface Bar {
  /** Of the bar that is full, 0..1. */
  share: number;
  /** What stands behind it, the most important first. */
  facts: readonly string[];
}

/** At most one plain line a task in this many milliseconds, and one of a crawl. */
const PLAIN_LINE_MS = 5_000;
const PLAIN_CRAWL_MS = 10_000;

const NAME = 10;
const BAR = 24;
const LEAST_BAR = 8;

export function createReporter(options: {
  json: boolean;
  stream: NodeJS.WriteStream;
  now?: () => number;
}): Reporter {
  const { stream, now = () => performance.now() } = options;
  if (options.json) {
    return { emit: (event) => stream.write(`${jsonLine(event)}\n`), close: () => {} };
  }
  return stream.isTTY ? barReporter(stream, now) : plainReporter(stream, now);
}

function plainReporter(stream: NodeJS.WriteStream, now: () => number): Reporter {
  const tasks = new Map<string, Task>();
  const line = (text: string): void => {
    stream.write(`${printableLines(text)}\n`);
  };
  return {
    emit(event) {
      const task = follow(tasks, event, now());
      if (event.type === 'message') line(messageLine(event));
      else if (event.type === 'metric') line(metricLine(event));
      else if (event.type === 'begin') line(`${event.task}: started`);
      else if (task?.last !== undefined && event.type === 'crawl') {
        if (now() - task.lastLine < PLAIN_CRAWL_MS || event.over) return;
        task.lastLine = now();
        const facts = [describe(task, task.last, now()).join(', '), crawlLine(event)];
        line(`${event.progress?.task}: ${facts.filter((fact) => fact !== '').join('; ')}`);
      } else if (task !== undefined && event.type === 'progress') {
        // The lines of a crawl say this too, and more.
        if (task.pace !== undefined || now() - task.lastLine < PLAIN_LINE_MS) return;
        task.lastLine = now();
        line(`${event.task}: ${describe(task, event, now()).join(', ')}`);
      } else if (task !== undefined && event.type === 'end') {
        line(`${event.task}: done, ${result(task, event.done, now())}`);
      }
    },
    close() {},
  };
}

function barReporter(stream: NodeJS.WriteStream, now: () => number): Reporter {
  const tasks = new Map<string, Task>();
  const bars = new Map<string, Bar>();
  let crawl: CrawlSnapshot | undefined;
  const area = new LiveArea(stream, (columns) => [
    ...barLines(bars, columns),
    ...(crawl === undefined ? [] : crawlBlock(crawl, columns)),
  ]);
  return {
    emit(event) {
      const task = follow(tasks, event, now());
      if (event.type === 'message') area.print(printableLines(messageLine(event)));
      if (event.type === 'crawl') crawl = event.over ? undefined : event;
      if (task !== undefined && event.type === 'begin') {
        bars.set(event.task, { share: 0, facts: [] });
      } else if (task !== undefined && event.type === 'end') {
        bars.set(event.task, { share: 1, facts: [result(task, event.done, now())] });
      } else if (task?.last !== undefined) {
        const { task: name, done } = task.last;
        const share = Math.min(1, done / Math.max(1, task.total ?? done * 2));
        bars.set(name, { share, facts: describe(task, task.last, now()).map(printable) });
      }
      area.change();
    },
    close() {
      crawl = undefined;
      area.close();
    },
  };
}

/** All bars are equally long, and as short as the longest text needs. What does not fit is left out. */
function barLines(bars: ReadonlyMap<string, Bar>, columns: number): string[] {
  const texts = [...bars.values()].map(({ facts }) => facts.join(', '));
  const longest = Math.max(0, ...texts.map((text) => text.length));
  const size = Math.max(LEAST_BAR, Math.min(BAR, columns - NAME - longest - 2));
  return [...bars].map(([name, { share, facts }]) => {
    const full = Math.round(share * size);
    const bar = '━'.repeat(full) + '╌'.repeat(size - full);
    const begin = `${printable(name).padEnd(NAME)} ${bar} `;
    return begin + asManyAsFit(facts, columns - begin.length, ', ');
  });
}

/** Takes note of what the event says; gives the task that it is about, as long as that lasts. */
function follow(tasks: Map<string, Task>, event: WorkEvent, now: number): Task | undefined {
  if (event.type === 'begin') {
    const { unit, total } = event;
    tasks.set(event.task, {
      unit,
      total,
      begun: now,
      earlier: undefined,
      lastLine: now,
      last: undefined,
      pace: undefined,
    });
  }
  if (event.type === 'crawl') {
    const task = tasks.get(event.progress?.task ?? '');
    if (task !== undefined) task.pace = event.progress ?? undefined;
    return task;
  }
  if (!('task' in event)) return undefined;
  const task = tasks.get(event.task);
  if (event.type === 'end') tasks.delete(event.task);
  if (task !== undefined && event.type === 'progress') {
    task.last = event;
    task.earlier = event.earlier ?? task.earlier ?? event.done;
    if (event.total !== undefined) task.total = event.total;
  }
  return task;
}

/** `1,234/5,678 images`, `56/s`, `1 min 19 s left`, and what else the event says. */
function describe(task: Task, { done, kept, note }: Progress, now: number): string[] {
  const { perSecond, secondsLeft } = task.pace ?? paceOf(task, done, now);
  const of = task.total === undefined ? '' : `/${count(task.total)}`;
  return [
    `${count(done)}${of} ${task.unit}`,
    `${rate(perSecond)}/s`,
    ...(secondsLeft === null ? [] : [`${duration(secondsLeft)} left`]),
    ...(kept === undefined ? [] : [`${count(kept)} kept`]),
    ...(note === undefined ? [] : [note]),
  ];
}

function paceOf(task: Task, done: number, now: number): NonNullable<Task['pace']> {
  const seconds = (now - task.begun) / 1000;
  const perSecond = seconds > 0 ? (done - (task.earlier ?? 0)) / seconds : 0;
  const known = task.total !== undefined && perSecond > 0;
  return { perSecond, secondsLeft: known ? ((task.total ?? 0) - done) / perSecond : null };
}

/** `5,678 images in 1 min 41 s`. */
function result(task: Task, done: number, now: number): string {
  return `${count(done)} ${task.unit} in ${duration((now - task.begun) / 1000)}`;
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
