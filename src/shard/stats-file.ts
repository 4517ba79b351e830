/**
 * A shard's counts in the format of img2dataset's `_stats.json`, so that tools made for its output
 * read ours: the same keys, in the same order, indented by four.
 *
 * Times are the dataset's snapshot and the duration is 0: a rerun must repeat every byte.
 */

import { sha256 } from '../core/ids.js';
import { IMAGE_REASONS, type Reason } from '../core/reasons.js';
import { writeAtomically } from '../core/store.js';

/** img2dataset's keys. Times in seconds since 1970. */
interface ShardStats {
  count: number;
  successes: number;
  failed_to_download: number;
  failed_to_resize: number;
  duration: number;
  start_time: number;
  end_time: number;
  /** `success`, and each reason for a loss, with its count. */
  status_dict: Record<string, number>;
}

export interface Outcomes {
  readonly successes: number;
  readonly losses: Iterable<{ readonly reason: Reason }>;
  /** ISO 8601. */
  readonly snapshot: string;
}

/** @throws WitError `disk`. */
export async function writeStatsFile(
  path: string,
  outcomes: Outcomes,
): Promise<{ bytes: number; sha256: string }> {
  const content = Buffer.from(JSON.stringify(shardStats(outcomes), null, 4));
  await writeAtomically(path, content);
  return { bytes: content.length, sha256: sha256(content) };
}

function shardStats({ successes, losses, snapshot }: Outcomes): ShardStats {
  const counts = new Map<Reason, number>();
  for (const { reason } of losses) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  let downloads = 0;
  let images = 0;
  for (const [reason, count] of counts) {
    // img2dataset calls it "failed to resize": the image came, and then would not do.
    if (IMAGE_REASONS.has(reason)) images += count;
    else downloads += count;
  }
  const time = Math.floor(Date.parse(snapshot) / 1000);
  const byName = [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    count: successes + downloads + images,
    successes,
    failed_to_download: downloads,
    failed_to_resize: images,
    duration: 0,
    start_time: time,
    end_time: time,
    status_dict: Object.fromEntries([['success', successes], ...byName]),
  };
}
