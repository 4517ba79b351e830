/**
 * A snapshot in Prometheus's text exposition format 0.0.4. Labels hold only what this program names
 * (kinds, outcomes, reasons, stages), never anything from the web, so their number is bounded.
 */

import type { CrawlSnapshot } from '../../core/crawl-snapshot.js';
import type { Latency } from './latency.js';

export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

interface Sample {
  /** Behind the family's name: `_bucket`, `_sum`, `_count` of a histogram. */
  readonly suffix?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

interface Family {
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly samples: readonly Sample[];
}

export function encodeMetrics(snapshot: CrawlSnapshot, latency: Latency): string {
  return [...crawlFamilies(snapshot, latency), ...processFamilies(snapshot)]
    .filter(({ samples }) => samples.length > 0)
    .flatMap(linesOf)
    .join('');
}

function crawlFamilies(snapshot: CrawlSnapshot, latency: Latency): Family[] {
  const { progress, hosts } = snapshot;
  const task = { task: progress?.task ?? '' };
  return [
    counter(
      'wit_requests_total',
      'Exchanges that ended, by what was asked for and what came of it (answer, redirect, or the reason why neither).',
      pairs(snapshot.exchanges, 'kind', 'outcome'),
    ),
    counter('wit_request_repeats_total', 'Exchanges that repeated a failed one.', [
      { value: snapshot.repeats },
    ]),
    counter('wit_received_bytes_total', 'Bytes of bodies as sent, before decompression.', [
      { value: snapshot.bytes },
    ]),
    {
      name: 'wit_request_duration_seconds',
      type: 'histogram',
      help: 'Time from asking to the last byte of an exchange.',
      samples: [
        ...latency.cumulative().map(({ seconds, count }) => ({
          suffix: '_bucket',
          labels: { le: String(seconds) },
          value: count,
        })),
        { suffix: '_bucket', labels: { le: '+Inf' }, value: latency.count },
        { suffix: '_sum', value: latency.seconds },
        { suffix: '_count', value: latency.count },
      ],
    },
    counter('wit_images_kept_total', 'Images that became pairs.', [
      { value: snapshot.images.kept },
    ]),
    counter('wit_lost_total', 'Pages, rows and images lost for good, by stage and reason.', [
      ...pairs(snapshot.lost, 'stage', 'reason'),
    ]),
    gauge('wit_requests_in_flight', 'Requests in flight.', [{ value: snapshot.inFlight }]),
    gauge('wit_hosts', 'Hosts that have requests, by what these are doing.', [
      { labels: { state: 'active' }, value: hosts.active },
      { labels: { state: 'waiting' }, value: hosts.waiting },
      { labels: { state: 'backing_off' }, value: hosts.backingOff },
    ]),
    gauge(
      'wit_task_done',
      'How much of the task under way is done, earlier runs included.',
      progress === null ? [] : [{ labels: task, value: progress.done }],
    ),
    gauge(
      'wit_task_total',
      'How much there is to do, where that is known.',
      progress === null || progress.total === null ? [] : [{ labels: task, value: progress.total }],
    ),
    gauge(
      'wit_task_left_seconds',
      'Time left at the pace of the last minute, where there is one.',
      progress === null || progress.secondsLeft === null
        ? []
        : [{ labels: task, value: progress.secondsLeft }],
    ),
  ];
}

/** Under the names that Prometheus's own client libraries use. */
function processFamilies({ memory }: CrawlSnapshot): Family[] {
  const { user, system } = process.cpuUsage();
  const started = Date.now() / 1000 - process.uptime();
  return [
    counter('process_cpu_seconds_total', 'User and system time of this process.', [
      { value: (user + system) / 1e6 },
    ]),
    gauge('process_resident_memory_bytes', 'Memory that this process holds.', [
      { value: memory.rss },
    ]),
    gauge('process_start_time_seconds', 'When this process began, in seconds since 1970.', [
      { value: Math.round(started) },
    ]),
  ];
}

function counter(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: 'counter', help, samples };
}

function gauge(name: string, help: string, samples: readonly Sample[]): Family {
  return { name, type: 'gauge', help, samples };
}

function pairs(
  counts: Readonly<Record<string, Readonly<Record<string, number>> | undefined>>,
  outer: string,
  inner: string,
): Sample[] {
  return Object.entries(counts).flatMap(([a, some]) =>
    Object.entries(some ?? {}).map(([b, value]) => ({ labels: { [outer]: a, [inner]: b }, value })),
  );
}

function linesOf({ name, type, help, samples }: Family): string[] {
  return [
    `# HELP ${name} ${help}\n`,
    `# TYPE ${name} ${type}\n`,
    ...samples.map(({ suffix = '', labels = {}, value }) => {
      // Names of tasks and reasons are plain words: nothing to escape.
      const said = Object.entries(labels).map(([key, word]) => `${key}="${word}"`);
      return `${name}${suffix}${said.length === 0 ? '' : `{${said.join(',')}}`} ${value}\n`;
    }),
  ];
}
