/** One selection's way from its URL to a pair, or to the reason why there is none. */

import type PQueue from 'p-queue';
import type { BuildConfig } from '../config.js';
import { digest, digestAlgorithm, sha256 } from '../core/ids.js';
import type { Loss } from '../core/reasons.js';
import type { Pair, Selection } from '../core/types.js';
import { downloadImage, type WebClient } from '../crawl/index.js';
import { normaliseImage } from '../filter/index.js';

export type Outcome = { pair: Pair } | { loss: Loss };

/**
 * Downloads and judges one image. What it comes to depends on the selection and the web alone.
 * @throws only the signal's reason.
 */
export async function fetchOne(
  selection: Selection,
  decoding: PQueue,
  options: { config: BuildConfig; client: WebClient; signal: AbortSignal },
): Promise<Outcome> {
  const { config, client, signal } = options;
  // No faster than images can be decoded: bodies would pile up in memory. At most `net.concurrency` wait
  // here at once, so that with those in flight there are never more than twice as many.
  const room = () => decoding.onSizeLessThan(config.net.concurrency);
  const download = await downloadImage(client, selection.imageUrl, signal, room);
  if (!download.ok) return { loss: download.loss };
  const mismatch = hashMismatch(download.bytes, selection.expectedHash);
  if (mismatch !== undefined) return { loss: mismatch };
  const image = await decoding.add(() =>
    normaliseImage(download.bytes, config.filter, config.shard),
  );
  if (!image.ok) return { loss: image.loss };
  const pair: Pair = {
    key: selection.id,
    text: selection.text,
    otherTexts: selection.otherTexts,
    url: selection.imageUrl,
    queries: selection.queries,
    width: image.width,
    height: image.height,
    originalWidth: image.originalWidth,
    originalHeight: image.originalHeight,
    format: image.format,
    sha256: sha256(download.bytes),
    dhash: image.dhash,
    fetchedAt: config.snapshot as string,
    image: {
      bytes: image.image,
      path: `${selection.id}.${image.format === 'jpeg' ? 'jpg' : image.format}`,
    },
  };
  if (selection.pageUrl !== undefined) pair.pageUrl = selection.pageUrl;
  if (selection.license !== undefined) pair.license = selection.license;
  if (selection.extra !== undefined) pair.extra = selection.extra;
  return { pair };
}

/** Whether the bytes are those that the list states. */
function hashMismatch(bytes: Buffer, expected: string | undefined): Loss | undefined {
  const algorithm = expected === undefined ? undefined : digestAlgorithm(expected);
  if (algorithm === undefined) return undefined;
  const found = digest(algorithm, bytes);
  if (found === expected) return undefined;
  return { reason: 'hash_mismatch', detail: `${algorithm} ${found}, the list says ${expected}` };
}
