/** A crawl's snapshot in words: a block for a terminal, one line elsewhere. */

import type { CrawlRates, CrawlSnapshot } from '../core/crawl-snapshot.js';
import { printable } from '../core/printable.js';
import { asManyAsFit, bytes, count, duration, rate, ratio } from '../stats/text.js';

const LABEL = 11;
/** Long enough to tell hosts apart, short enough that two fit into 80 columns. */
const HOST_LENGTH = 40;
/** Facts of a kind on one plain line. */
const LISTED = 3;

/** The block: facts by name, as many as fit into each line; nothing before the first request. */
export function crawlBlock(snapshot: CrawlSnapshot, columns: number): string[] {
  const { run, seconds } = snapshot;
  if (snapshot.requests === 0) return [];
  const rows: [string, readonly string[]][] = [
    ['now', rates(snapshot.recent)],
    ['this run', [...rates(run), `${bytes(snapshot.bytes)} in ${duration(seconds)}`]],
    ['success', success(snapshot)],
    ['requests', requests(snapshot)],
    ['answers', answers(snapshot)],
    ['lost', reasons(lostInTask(snapshot))],
    ['failures', reasons(snapshot.failures)],
    ['slowest', slowest(snapshot)],
  ];
  return rows
    .filter(([, items]) => items.length > 0)
    .map(
      ([name, items]) => `  ${name.padEnd(LABEL)}${asManyAsFit(items, columns - LABEL - 3, ' · ')}`,
    );
}

/** The same in one line. */
export function crawlLine(snapshot: CrawlSnapshot): string {
  const some = (name: string, items: readonly string[], most = LISTED) =>
    items.length === 0 ? [] : [`${name} ${items.slice(0, most).join(', ')}`];
  if (snapshot.requests === 0) return some('lost', reasons(lostInTask(snapshot))).join('');
  return [
    rates(snapshot.recent).join(', '),
    ...some('success', success(snapshot)),
    ...some('requests', requests(snapshot), 4),
    ...some('lost', reasons(lostInTask(snapshot))),
    ...some('failures', reasons(snapshot.failures)),
    ...some('slowest', slowest(snapshot)),
  ].join('; ');
}

function rates({ images, pages, requests: asked, bytes: sent }: CrawlRates): string[] {
  return [
    `${rate(images)} images/s`,
    `${rate(pages)} pages/s`,
    `${rate(asked)} requests/s`,
    `${bytes(sent)}/s`,
  ];
}

function success({ images, requests: asked, failures, repeats }: CrawlSnapshot): string[] {
  const ended = images.kept + images.lost;
  const failed = Object.values(failures).reduce((sum, n) => sum + n, 0);
  return [
    ...(ended > 0
      ? [
          `${ratio(images.downloaded, ended)} of images downloaded`,
          `${ratio(images.kept, ended)} kept`,
        ]
      : []),
    `${ratio(asked - failed, asked)} of requests`,
    `${count(repeats)} repeated`,
  ];
}

function requests({ inFlight, hosts }: CrawlSnapshot): string[] {
  return [
    `${count(inFlight)} in flight`,
    `hosts: ${count(hosts.active)} active`,
    `${count(hosts.waiting)} waiting`,
    `${count(hosts.backingOff)} backing off`,
  ];
}

function answers({ latency }: CrawlSnapshot): string[] {
  if (latency === null) return [];
  const { p50, p90, p99 } = latency;
  return [`50% within ${span(p50)}`, `90% ${span(p90)}`, `99% ${span(p99)}`];
}

/** Losses of the stage under way; the others have had their time. */
function lostInTask({ lost, progress }: CrawlSnapshot): Readonly<Record<string, number>> {
  return (lost as Record<string, Record<string, number>>)[progress?.task ?? ''] ?? {};
}

function reasons(counts: Readonly<Record<string, number>>): string[] {
  return Object.entries(counts).map(([reason, n]) => `${reason} ${count(n)}`);
}

function slowest(snapshot: CrawlSnapshot): string[] {
  return snapshot.slowest.map(({ host, seconds, requests: asked }) => {
    const name = printable(host);
    const shown = name.length > HOST_LENGTH ? `…${name.slice(1 - HOST_LENGTH)}` : name;
    return `${shown} ${span(seconds)} (${count(asked)})`;
  });
}

/** `120 ms`, `2.1 s`, `12 s`. */
function span(seconds: number): string {
  if (seconds < 0.9995) return `${Math.round(seconds * 1000)} ms`;
  return `${seconds < 9.95 ? seconds.toFixed(1) : Math.round(seconds)} s`;
}
