/**
 * The dataset card, OUT/README.md: front matter from which Hugging Face loads the folder without any
 * setting, and below it what a person wants to know first. Written from the manifest alone, so the
 * same dataset has the same card.
 */

import { basename, join } from 'node:path';
import { stringify } from 'yaml';
import type { BuildConfig } from '../config.js';
import type { Funnel, Manifest } from '../core/dataset.js';
import { writeAtomically } from '../core/store.js';
import { pairFields, STAGES } from '../core/types.js';
import { cardFeatures } from './features.js';

export const CARD_NAME = 'README.md';

/** @throws WitError `disk`. */
export async function writeCard(dir: string, manifest: Manifest): Promise<void> {
  await writeAtomically(join(dir, CARD_NAME), cardOf(manifest));
}

/** The text of the card. */
export function cardOf(manifest: Manifest): string {
  // The manifest keeps the resolved settings under which the dataset was built.
  const config = manifest.config as BuildConfig;
  const splits = Object.entries({ train: manifest.shards, ...manifest.splits }).map(
    ([name, files]) => ({
      name,
      num_bytes: files.reduce((sum, file) => sum + file.bytes, 0),
      num_examples: files.reduce((sum, file) => sum + file.rows, 0),
    }),
  );
  const rows = splits.reduce((sum, split) => sum + split.num_examples, 0);
  const bytes = splits.reduce((sum, split) => sum + split.num_bytes, 0);
  const frontMatter = stringify({
    pretty_name: 'WebImageText dataset',
    license: 'other',
    license_name: 'per-image',
    ...(config.filter.languages.length > 0 && { language: config.filter.languages }),
    task_categories: ['zero-shot-image-classification', 'image-to-text', 'text-to-image'],
    size_categories: [sizeCategory(rows)],
    tags: ['webimagetext', 'image-text', 'clip'],
    configs: [
      {
        config_name: 'default',
        // Not `train-*`: the stats files beside the shards match that.
        data_files: splits.map(({ name }) => ({ split: name, path: `data/${name}-*.parquet` })),
      },
    ],
    dataset_info: {
      features: cardFeatures(pairFields),
      splits,
      download_size: bytes,
      dataset_size: bytes,
    },
  });
  const sections = [
    `# WebImageText dataset`,
    introduction(manifest, config, rows, bytes),
    `## How it was built\n\n${method(manifest, config)}`,
    `## What became of everything\n\n${funnelTable(manifest.funnel)}`,
    `## Losses by reason\n\n${lossTable(manifest.funnel)}`,
    `## Opt-outs and rights\n\n${rights(manifest, config)}`,
    `## Loading it\n\n${LOADING}`,
  ];
  return `---\n${frontMatter}---\n\n${sections.join('\n\n')}\n`;
}

function introduction(
  manifest: Manifest,
  config: BuildConfig,
  rows: number,
  bytes: number,
): string {
  const shards = manifest.shards.length;
  const size = [
    `${number(rows)} pairs of an image and its text from the web, in ${number(shards)} Parquet`,
    `${shards === 1 ? 'shard' : 'shards'} (${number(bytes)} bytes).`,
  ];
  const { import: from, derived } = originOf(manifest);
  if (from !== undefined) {
    return [
      ...size,
      `They were imported from ${number(from.units)} ${from.units === 1 ? 'part' : 'parts'} of a dataset that others`,
      'made; what was known of a pair there and has no column here is in `extra`.',
    ].join('\n');
  }
  if (derived !== undefined) {
    return [...size, `They were taken from other shards by \`wit shard ${derived.by}\`.`].join(
      '\n',
    );
  }
  return [
    ...size,
    'They were gathered the way the',
    'CLIP paper (Radford et al. 2021, §2.2) describes its dataset WIT: a list of queries, pairs whose',
    `text contains a query, and at most ${number(config.filter.cap)} pairs for each query. Each row`,
    'says where its image came from, which queries it matched, and its sizes and hashes. The web was',
    `read as of ${manifest.snapshot}.`,
  ].join('\n');
}

/** Of datasets that no crawl made: the part of their settings that says so. */
interface Origin {
  readonly import?: { readonly units: number; readonly images: string };
  readonly derived?: { readonly by: string };
}

function originOf({ config }: Manifest): Origin {
  return config as Origin;
}

function method(manifest: Manifest, config: BuildConfig): string {
  const { filter, shard, sources, queries } = config;
  const list = queries.file === undefined ? 'a query list' : `\`${basename(queries.file)}\``;
  const languages = filter.languages.length === 0 ? 'any' : filter.languages.join(', ');
  const near =
    filter.nearDuplicateBits < 0
      ? 'near duplicates are kept'
      : `near duplicates are those whose difference hashes differ in at most ${filter.nearDuplicateBits} of 192 bits`;
  const { import: from, derived } = originOf(manifest);
  if (from !== undefined || derived !== undefined) {
    return [
      ...(from === undefined ? [] : [`- Filter rules: preset \`${filter.preset}\``]),
      from?.images === 'keep'
        ? '- Images: as they came'
        : `- Images: ${from === undefined ? 'as in the shards they come from' : `short side ${shard.sidePx} pixels or less, never enlarged`}`,
      '- All settings: `dataset.json`',
    ].join('\n');
  }
  return [
    `- Queries: ${number(manifest.queries.count)} from ${list} (SHA-256 \`${manifest.queries.digest}\`)`,
    ...sources.lists.map((path) => `- Source: the URL list \`${basename(path)}\``),
    ...sources.seeds.map((url) => `- Source: web pages from \`${url}\``),
    `- Filter rules: preset \`${filter.preset}\`; those that were on are ${Object.keys(
      manifest.rules,
    )
      .filter((rule) => !rule.includes(':'))
      .sort()
      .join(', ')}`,
    `- Text: ${filter.minChars} to ${number(filter.maxChars ?? 20_000)} characters, at least ${filter.minWords} words, language ${languages}`,
    `- Cap: each query admits its ${number(filter.cap)} lowest-ranked pairs; a rank is a hash of seed ${config.seed} and the pair`,
    `- Images: sides of at least ${filter.minSidePx} pixels, aspect ratio ${filter.maxAspectRatio === null ? 'of any size' : `up to ${filter.maxAspectRatio}`}${filter.animation === 'refuse' ? '' : ', the first frame of animations'}`,
    `- Duplicates: none with equal bytes; ${near}`,
    `- Stored as ${shard.format.toUpperCase()}, quality ${shard.quality}, short side ${shard.sidePx} pixels or less, never enlarged`,
    ...refusals(manifest),
    '- All settings, and the versions of the rules: `dataset.json`',
  ].join('\n');
}

/** What was kept out of the dataset so that it can be evaluated on, and what scores its pairs have. */
function refusals({ rules, funnel }: Manifest): string[] {
  const {
    evaluation_overlap: overlap,
    score_below: below,
    score_above: above,
  } = funnel.lostBy ?? {};
  return Object.entries(rules).flatMap(([rule, version]) => {
    const [, kind, name = ''] = /^(evaluation|scorer):(.*)$/s.exec(rule) ?? [];
    if (kind === 'evaluation') {
      return `- Decontaminated against \`${basename(name)}\` (${version}): ${number(overlap?.[name] ?? 0)} pairs left out`;
    }
    if (kind !== 'scorer') return [];
    const lost = (below?.[name] ?? 0) + (above?.[name] ?? 0);
    return `- Scored by \`${name}\` (version ${version}): ${number(lost)} pairs left out`;
  });
}

function funnelTable(funnel: Funnel): string {
  const rows: [string, number][] = [
    ['pages read', funnel.pages],
    ['candidates found', funnel.candidates],
    ['selected for download', funnel.selected],
    ['kept as rows', funnel.kept],
  ];
  return table(['stage', 'count'], rows);
}

function lossTable(funnel: Funnel): string {
  const rows = STAGES.flatMap((stage) =>
    Object.entries(funnel.lost[stage] ?? {})
      .sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))
      .map(([reason, count]): [string, string, number] => [stage, `\`${reason}\``, count]),
  );
  if (rows.length === 0) return 'None.';
  return `Each lost page and candidate is a row in \`rejects/\`.\n\n${table(['stage', 'reason', 'count'], rows)}`;
}

function rights(manifest: Manifest, config: BuildConfig): string {
  const count = (reason: string) =>
    number(STAGES.reduce((sum, stage) => sum + (manifest.funnel.lost[stage]?.[reason] ?? 0), 0));
  const { import: from, derived } = originOf(manifest);
  if (from !== undefined || derived !== undefined) {
    return [
      'Whether robots.txt and opt-outs were honoured is for those to say who gathered the images.',
      'Images and texts belong to their makers. Where a licence was stated it is in the column',
      '`license`; an empty one grants nothing.',
    ].join('\n');
  }
  return [
    config.net.honour.includes('robots.txt')
      ? `The crawl obeyed robots.txt (RFC 9309): ${count('robots_disallowed')} pages and images were left alone because of it.`
      : 'The crawl was told not to read robots.txt.',
    `${count('opt_out')} were left out because their responses opted out of such use.`,
    'Images and texts belong to their makers. Where a source stated a licence it is in the column',
    '`license`; an empty one grants nothing.',
  ].join('\n');
}

const LOADING = `\`\`\`python
# Hugging Face datasets: images arrive decoded
from datasets import load_dataset
rows = load_dataset("PATH", split="train")

# pyarrow
import pyarrow.parquet as pq
table = pq.read_table("PATH/data/train-00000.parquet", columns=["key", "text", "image"])

# polars
import polars as pl
texts = pl.scan_parquet("PATH/data/train-*.parquet").select("key", "text", "queries").collect()
\`\`\`

\`\`\`sql
-- DuckDB
SELECT q AS query, count(*) AS pairs
FROM 'PATH/data/train-*.parquet', unnest(queries) AS t(q)
GROUP BY q ORDER BY pairs DESC;
\`\`\``;

/** The Hub's names for ranges of row counts. */
function sizeCategory(rows: number): string {
  const limits = ['1K', '10K', '100K', '1M', '10M', '100M', '1B', '10B', '100B', '1T'];
  const index = limits.findIndex((_, position) => rows < 1_000 * 10 ** position);
  if (index === 0) return 'n<1K';
  return index < 0 ? 'n>1T' : `${limits[index - 1]}<n<${limits[index]}`;
}

function table(head: string[], rows: readonly (readonly (string | number)[])[]): string {
  const line = (cells: readonly (string | number)[]) =>
    `| ${cells.map((cell) => (typeof cell === 'number' ? number(cell) : cell)).join(' | ')} |`;
  const rule = `|${head.map((name) => (name === 'count' ? '---:' : '---')).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

/** Digits in groups of three, the same in every locale. */
function number(value: number): string {
  return value.toLocaleString('en-US');
}
