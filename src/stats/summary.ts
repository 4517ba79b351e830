/** The summary for a terminal: at most 78 columns, plain text that survives being pasted. */

import { printable } from '../core/printable.js';
import { bytes, count, decimal, plural, ratio } from './text.js';
import type { Extras, Stats } from './types.js';

const BAR = 26;
/** Reasons listed for each stage. */
const LISTED = 8;
const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** The lines to print; no line ends with a space. */
export function summarise(stats: Stats, extras: Extras = {}): string[] {
  return [
    ...head(stats),
    '',
    ...funnelLines(stats),
    ...lossLines(stats),
    '',
    ...factLines(stats),
    ...resultLines(extras),
  ].map((line) => line.trimEnd());
}

function head({ name, complete, funnel, bytes: size, shards }: Stats): string[] {
  const state = complete ? '' : ' (still growing)';
  const facts = `${plural(funnel.kept, 'pair')} in ${plural(shards, 'shard')}, ${bytes(size)}`;
  return [`${shownName(name)}${state}: ${facts}`];
}

function funnelLines({ funnel }: Stats): string[] {
  const { candidates, selected, fetched, kept, unaccounted } = funnel;
  const levels: [string, number][] = [
    ['candidates', candidates],
    ['selected', selected],
    ['fetched', fetched],
    ['kept', kept],
  ];
  const lines = levels.map(([name, n]) => {
    const share = candidates === 0 ? 0 : n / candidates;
    return `  ${name.padEnd(11)}${count(n).padStart(13)}  ${bar(share)}  ${ratio(n, candidates).padStart(6)}`;
  });
  if (funnel.pages > 0) lines.unshift(`  ${'pages'.padEnd(11)}${count(funnel.pages).padStart(13)}`);
  const missing = Math.abs(unaccounted.select) + Math.abs(unaccounted.fetch);
  if (missing > 0) lines.push(`  ${'unaccounted'.padEnd(11)}${count(missing).padStart(13)}`);
  return lines;
}

function lossLines({ losses }: Stats): string[] {
  return losses.flatMap(({ stage, count: total, reasons }) => {
    const lines = reasons.slice(0, LISTED).flatMap(({ reason, count: n, by = [] }) => {
      const share = ratio(n, total).padStart(7);
      return [
        `    ${reason.padEnd(24)}${count(n).padStart(13)} ${share}`,
        ...by.map(
          ({ name, count: m }) => `      ${shownEnd(name).padEnd(40)}${count(m).padStart(13)}`,
        ),
      ];
    });
    const rest = reasons.slice(LISTED).reduce((sum, { count: n }) => sum + n, 0);
    if (rest > 0) lines.push(`    ${'other reasons'.padEnd(24)}${count(rest).padStart(13)}`);
    return ['', `  lost in ${stage.padEnd(18)}${count(total).padStart(13)}`, ...lines];
  });
}

function factLines({ queries, captions, images, provenance }: Stats): string[] {
  const languages = captions.languages.top
    .slice(0, 4)
    .map(({ name, count: n }) => `${name} ${ratio(n, captions.languages.total)}`);
  const hosts = provenance.hosts.top
    .slice(0, 3)
    .map(({ host, candidates }) => `${shownName(host)} ${count(candidates)}`);
  const cap =
    queries.atCap > 0 ? `, ${count(queries.atCap)} at the cap of ${count(queries.cap)}` : '';
  return [
    fact('queries', `${count(queries.kept)} of ${count(queries.count)} have a pair${cap}`),
    fact('matches', `${count(queries.matches)}, ${count(queries.admissions)} admitted by the cap`),
    ...(queries.atCap > 0
      ? [
          fact(
            'head',
            `${ratio(queries.atCapMatches, queries.matches)} of matches before the cap, ${ratio(queries.atCapSelections, queries.selections)} after`,
          ),
        ]
      : []),
    fact('captions', `median ${plural(captions.words.median, 'word')}; ${languages.join(', ')}`),
    fact(
      'images',
      `median short side ${decimal(images.originalSide.median)} px, stored ${decimal(images.storedSide.median)} px`,
    ),
    fact('hosts', hosts.join(', ')),
  ];
}

function resultLines({ training, evaluation = [], retrieval = [] }: Extras): string[] {
  const lines: string[] = [];
  const first = training?.points[0];
  const last = training?.points.at(-1);
  if (first !== undefined && last !== undefined) {
    const fall = `loss ${decimal(first.loss)} → ${decimal(last.loss)}`;
    lines.push(fact('training', `${plural(last.step, 'step')}, ${fall}`));
  }
  for (const { name, top1, top5, chance, nearestNeighbour } of evaluation) {
    const values = [`top-1 ${ratio(top1, 1)}`];
    if (top5 !== undefined) values.push(`top-5 ${ratio(top5, 1)}`);
    if (nearestNeighbour !== undefined) values.push(`neighbour ${ratio(nearestNeighbour, 1)}`);
    values.push(`chance ${ratio(chance, 1)}`);
    lines.push('', `  ${shownName(name)}`, `    ${values.join(' · ')}`);
  }
  for (const { name, imageToText: i, textToImage: t } of retrieval) {
    lines.push('', `  ${shownName(name)}, retrieval R@1 / R@5 / R@10`);
    for (const [way, r] of [
      ['image to text', i],
      ['text to image', t],
    ] as const) {
      lines.push(`    ${way}  ${ratio(r.r1, 1)} / ${ratio(r.r5, 1)} / ${ratio(r.r10, 1)}`);
    }
  }
  return lines.length === 0 ? [] : ['', ...(lines[0] === '' ? lines.slice(1) : lines)];
}

function fact(name: string, value: string): string {
  return `  ${name.padEnd(10)}${value}`;
}

/** A bar of `BAR` characters at full length, in eighths of a character. */
function bar(share: number): string {
  const eighths = Math.round(Math.min(1, share) * BAR * 8);
  return ('█'.repeat(eighths >> 3) + (EIGHTHS[eighths & 7] ?? '')).padEnd(BAR);
}

/** Of a path the end tells most. */
function shownEnd(name: string): string {
  const shown = printable(name);
  return shown.length > 38 ? `…${shown.slice(-37)}` : shown;
}

function shownName(name: string): string {
  return printable(name).slice(0, 60);
}
