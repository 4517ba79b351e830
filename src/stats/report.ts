/** Writes the report: report/index.html for people, report/stats.json for machines. */

import { join } from 'node:path';
import { writeAtomically } from '../core/store.js';
import { renderPage } from './page.js';
import type { Extras, Stats, StatsFile } from './types.js';

export interface ReportFiles {
  readonly page: string;
  readonly stats: string;
}

/**
 * Writes both files below `dir`/report, the page last. The same stats give the same bytes.
 * @throws WitError `disk` when a file cannot be written.
 */
export async function writeReport(
  dir: string,
  stats: Stats,
  extras: Extras = {},
): Promise<ReportFiles> {
  const files = {
    page: join(dir, 'report', 'index.html'),
    stats: join(dir, 'report', 'stats.json'),
  };
  await writeAtomically(files.stats, `${JSON.stringify(statsFile(stats, extras), null, 2)}\n`);
  await writeAtomically(files.page, renderPage(stats, extras));
  return files;
}

/** What stats.json holds: pictures are left to the page. */
export function statsFile(stats: Stats, extras: Extras = {}): StatsFile {
  const samples = stats.samples.map(({ thumbnail: _, ...sample }) => sample);
  return { ...stats, samples, ...extras };
}
