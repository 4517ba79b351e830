/** The report of a dataset folder: what the manifest names, counted and drawn. */

import { basename, resolve } from 'node:path';
import type { BuildConfig } from '../config.js';
import { readDataset } from '../core/dataset.js';
import type { Emit } from '../core/events.js';
import {
  collectStats,
  type Extras,
  type ReportFiles,
  type Stats,
  type StatsInput,
  writeReport,
} from '../stats/index.js';

/**
 * Writes `dir`/report and returns what is in it; also for a dataset that is still growing.
 * @throws WitError `dataset` when `dir` holds no dataset, `bad_file` for a damaged part.
 */
export async function reportOn(
  dir: string,
  extras: Extras,
  options: { emit: Emit; signal: AbortSignal; name?: string },
): Promise<{ stats: Stats; files: ReportFiles }> {
  const { manifest, complete } = await readDataset(dir);
  const paths = (files: readonly { path: string }[]): string[] => files.map((file) => file.path);
  const input: StatsInput = {
    dir,
    name: options.name ?? basename(resolve(dir)),
    complete,
    snapshot: manifest.snapshot,
    outputs: {
      candidates: paths(manifest.files.candidates),
      selected: paths(manifest.files.selected),
      shards: paths(manifest.shards),
      rejects: paths(manifest.files.rejects),
    },
    pages: manifest.funnel.pages,
    queries: {
      count: manifest.queries.count,
      ...(manifest.files.queries && { file: manifest.files.queries.path }),
      ...(manifest.cap !== undefined && { cap: manifest.cap }),
    },
    config: manifest.config as BuildConfig,
  };
  const stats = await collectStats(input, options);
  return { stats, files: await writeReport(dir, stats, extras) };
}
