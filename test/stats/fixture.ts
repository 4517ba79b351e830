/** A small dataset folder on disk, written as the pipeline writes it, with real images. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { onTestFinished } from 'vitest';
import { candidateId, rankOf } from '../../src/core/ids.js';
import { writeParquet } from '../../src/core/parquet/writer.js';
import type { Reason } from '../../src/core/reasons.js';
import {
  type Candidate,
  candidateFields,
  type Pair,
  pairFields,
  type QueryUse,
  queryUseFields,
  type Reject,
  rejectFields,
  type Selection,
  type StageName,
  selectionFields,
} from '../../src/core/types.js';
import type { StatsInput } from '../../src/stats/index.js';

/** One candidate and what became of it. */
export interface Fate {
  url: string;
  text: string;
  pageUrl?: string;
  textSource?: Candidate['textSource'];
  source?: string;
  license?: string;
  queries?: string[];
  /** Where and why it was lost; absent: it was kept. */
  lost?: [stage: StageName, reason: Reason, detail?: string];
  /** As downloaded; stored with a short side of at most 64. */
  size?: [width: number, height: number];
  /** Stored in place of an image. */
  bytes?: Buffer;
}

const SIDE = 64;
const GROUPS = { rowGroupRows: 3 };

export async function temporaryFolder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'wit-stats-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

/**
 * Writes the folder `dir`: two parts of candidates, one of selections, two shards, one of rejects.
 * `pages` are losses of discovery, which are no candidates.
 */
export async function writeDataset(
  dir: string,
  fates: readonly Fate[],
  options: { pages?: [url: string, reason: Reason][]; uses?: QueryUse[]; cap?: number } = {},
): Promise<StatsInput> {
  const candidates = fates.map(candidateOf);
  const rejects: Reject[] = (options.pages ?? []).map(([url, reason]) => ({
    ...candidateOf({ url, text: '' }),
    stage: 'discover',
    reason,
  }));
  const selections: Selection[] = [];
  const pairs: Pair[] = [];
  for (const [index, fate] of fates.entries()) {
    const candidate = candidates[index] as Candidate;
    const queries = fate.queries ?? [];
    if (fate.lost?.[0] !== 'select') {
      const rank = rankOf(0, candidate.id);
      selections.push({ ...candidate, queries, admittedBy: queries, rank, otherTexts: [] });
    }
    if (fate.lost === undefined) pairs.push(await pairOf(fate, candidate));
    else {
      const [stage, reason, detail] = fate.lost;
      rejects.push({ ...candidate, stage, reason, ...(detail !== undefined && { detail }) });
    }
  }
  const half = Math.ceil(fates.length / 2);
  const pairHalf = Math.ceil(pairs.length / 2);
  const file = (path: string) => join(dir, path);
  await writeParquet(
    file('candidates/00000.parquet'),
    candidateFields,
    candidates.slice(0, half),
    GROUPS,
  );
  await writeParquet(
    file('candidates/00001.parquet'),
    candidateFields,
    candidates.slice(half),
    GROUPS,
  );
  await writeParquet(file('selected/00000.parquet'), selectionFields, selections, GROUPS);
  await writeParquet(
    file('data/train-00000.parquet'),
    pairFields,
    pairs.slice(0, pairHalf),
    GROUPS,
  );
  await writeParquet(file('data/train-00001.parquet'), pairFields, pairs.slice(pairHalf), GROUPS);
  await writeParquet(file('rejects/00000.parquet'), rejectFields, rejects, GROUPS);
  await writeParquet(file('queries.parquet'), queryUseFields, options.uses ?? [], GROUPS);
  return {
    dir,
    name: 'test set',
    complete: true,
    snapshot: '2026-01-02T03:04:05Z',
    outputs: {
      candidates: ['candidates/00000.parquet', 'candidates/00001.parquet'],
      selected: ['selected/00000.parquet'],
      shards: ['data/train-00000.parquet', 'data/train-00001.parquet'],
      rejects: ['rejects/00000.parquet'],
    },
    pages: 7,
    queries: { count: 10, file: 'queries.parquet' },
    config: { seed: 3, filter: { cap: options.cap ?? 5 } },
  };
}

function candidateOf(fate: Fate): Candidate {
  const { url, text, pageUrl, license } = fate;
  return {
    id: candidateId(url, text),
    imageUrl: url,
    text,
    textSource: fate.textSource ?? 'alt',
    source: fate.source ?? 'web',
    ...(pageUrl !== undefined && { pageUrl }),
    ...(license !== undefined && { license }),
  };
}

async function pairOf(fate: Fate, candidate: Candidate): Promise<Pair> {
  const [originalWidth, originalHeight] = fate.size ?? [100, 100];
  const scale = Math.min(1, SIDE / Math.min(originalWidth, originalHeight));
  const width = Math.round(originalWidth * scale);
  const height = Math.round(originalHeight * scale);
  const background = `#${candidate.id.slice(0, 6)}`;
  const bytes =
    fate.bytes ??
    (await sharp({ create: { width, height, channels: 3, background } })
      .jpeg()
      .toBuffer());
  return {
    key: candidate.id,
    text: candidate.text,
    otherTexts: [],
    url: candidate.imageUrl,
    ...(candidate.pageUrl !== undefined && { pageUrl: candidate.pageUrl }),
    queries: fate.queries ?? [],
    width,
    height,
    originalWidth,
    originalHeight,
    format: 'jpeg',
    sha256: candidate.id,
    dhash: '0'.repeat(48),
    fetchedAt: '2026-01-02T03:04:05Z',
    ...(candidate.license !== undefined && { license: candidate.license }),
    image: { bytes, path: `${candidate.id}.jpg` },
  };
}
