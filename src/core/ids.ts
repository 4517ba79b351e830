/**
 * Ids and ranks come from content, so that doing a thing twice is harmless and no result depends on
 * order, worker count or restarts.
 */

import { createHash } from 'node:crypto';

/** 128 bits of SHA-256 over the parts, separated by NUL (which no URL or text column contains). */
export function contentId(...parts: string[]): string {
  return createHash('sha256').update(parts.join('\0')).digest('hex').slice(0, 32);
}

/** The id of an (image URL, text) candidate. */
export function candidateId(imageUrl: string, text: string): string {
  return contentId(imageUrl, text);
}

/**
 * The rank of a candidate: uniform in [0, 1) over ids, fixed by (seed, id). The cap admits the
 * lowest ranks of each query; since every query sees the same rank, admission is consistent.
 */
export function rankOf(seed: number, id: string): number {
  const digest = createHash('sha256').update(`${seed}\0${id}`).digest();
  // 52 bits: exact in a double.
  return (digest.readUIntBE(0, 6) * 16 + (digest.readUInt8(6) >> 4)) / 2 ** 52;
}

/**
 * Where a selected candidate stands in the dataset: another uniform number in [0, 1), independent of
 * its rank. In rank order the first shards would hold more of the capped queries than the last, since
 * a capped query admits low ranks only.
 */
export function orderOf(seed: number, id: string): number {
  return rankOf(seed, `order\0${id}`);
}

/** SHA-256 of bytes, lower-case hex. */
export function sha256(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Hash functions whose digests a list may state, by the digest's length in hex digits. */
const ALGORITHMS: Readonly<Record<number, string>> = {
  32: 'md5',
  40: 'sha1',
  64: 'sha256',
  128: 'sha512',
};

/** Which function a hex digest is of, by its length; none for what is no digest. */
export function digestAlgorithm(hex: string): string | undefined {
  return /^[0-9a-f]+$/i.test(hex) ? ALGORITHMS[hex.length] : undefined;
}

/** The digest of `bytes`, lower-case hex. */
export function digest(algorithm: string, bytes: Buffer): string {
  return createHash(algorithm).update(bytes).digest('hex');
}
