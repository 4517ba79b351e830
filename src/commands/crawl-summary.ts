/** What a crawl came to, in a few lines that people would paste. */

import type { CrawlSnapshot } from '../core/crawl-snapshot.js';
import type { Funnel, Manifest } from '../core/dataset.js';
import { STAGES } from '../core/types.js';
import { bytes, count, duration, plural, rate, ratio } from '../stats/text.js';

/** Reasons listed for each stage. */
const LISTED = 5;

/** @param run the last snapshot of the run; earlier runs' requests are in no count of it. */
export function summariseCrawl(funnel: Funnel, run: CrawlSnapshot | undefined): string[] {
  const lines = STAGES.filter((stage) => stage in funnel.lost).map((stage) => {
    const reasons = funnel.lost[stage] ?? {};
    const sorted = Object.entries(reasons).sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1));
    const total = sorted.reduce((sum, [, n]) => sum + n, 0);
    const listed = sorted.slice(0, LISTED).map(([reason, n]) => `${reason} ${count(n)}`);
    const more = sorted.length > LISTED ? ', …' : '';
    return `lost in ${stage}: ${count(total)} (${listed.join(', ')}${more})`;
  });
  return run === undefined ? lines : [...lines, runLine(run)];
}

/** What each evaluation set and scorer took out, those that took nothing included. */
export function summariseRefusals({ rules, funnel }: Pick<Manifest, 'rules' | 'funnel'>): string[] {
  const {
    evaluation_overlap: overlap,
    score_below: below,
    score_above: above,
  } = funnel.lostBy ?? {};
  return Object.keys(rules).flatMap((rule) => {
    const [, kind, name = ''] = /^(evaluation|scorer):(.*)$/s.exec(rule) ?? [];
    if (kind === undefined) return [];
    if (kind === 'evaluation') {
      return [`left out, as they show images of ${name}: ${count(overlap?.[name] ?? 0)}`];
    }
    const counts = `${count(below?.[name] ?? 0)} below, ${count(above?.[name] ?? 0)} above`;
    return [`left out by scorer ${name}: ${counts}`];
  });
}

function runLine({ images, requests, bytes: sent, seconds, run, memory }: CrawlSnapshot): string {
  const ended = images.kept + images.lost;
  const facts = [
    `${plural(ended, 'image')} at ${rate(ended / seconds)}/s`,
    ...(ended > 0 ? [`${ratio(images.downloaded, ended)} downloaded`] : []),
    plural(requests, 'request'),
    `${bytes(sent)} at ${bytes(run.bytes)}/s`,
    `peak memory ${bytes(memory.peak)}`,
  ];
  return `this run: ${duration(seconds)}, ${facts.join(', ')}`;
}
