/**
 * Splits by hash: which of train, val, … a row belongs to follows from its key alone, so the same row
 * is in the same split of every export, sample and rewriting, and a dataset that grows keeps its
 * splits.
 */

import { WitError } from '../core/errors.js';
import { rankOf } from '../core/ids.js';

export const TRAIN = 'train';

export interface Split {
  readonly name: string;
  /** Of the rows, in (0, 1). */
  readonly share: number;
}

/**
 * Reads `val=0.01`. All splits but `train`, which gets what is left.
 * @throws WitError `config` with the text received.
 */
export function parseSplits(texts: readonly string[]): Split[] {
  const splits = texts.map((text) => {
    const [, name = '', share = ''] = /^([a-z][a-z0-9_]*)=(\d*\.?\d+)$/.exec(text) ?? [];
    if (name === '' || !(Number(share) > 0) || Number(share) >= 1) {
      throw new WitError('config', `--split expects NAME=SHARE, received ${JSON.stringify(text)}`, {
        hint: 'For example --split val=0.01: NAME in small letters, SHARE between 0 and 1.',
      });
    }
    return { name, share: Number(share) };
  });
  const names = [TRAIN, ...splits.map(({ name }) => name)];
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) {
    throw new WitError('config', `--split names ${twice} twice; ${TRAIN} is what the others leave`);
  }
  const sum = splits.reduce((total, { share }) => total + share, 0);
  if (sum >= 1) throw new WitError('config', `--split: the shares add up to ${sum}, not below 1`);
  return splits;
}

/** The split of a row: `train`, or one of `splits`. */
export function splitOf(key: string, splits: readonly Split[]): string {
  if (splits.length === 0) return TRAIN;
  let at = rankOf(0, `split\0${key}`);
  for (const { name, share } of splits) {
    if (at < share) return name;
    at -= share;
  }
  return TRAIN;
}

/** `train` and the names of `splits`. */
export function splitNames(splits: readonly Split[]): string[] {
  return [TRAIN, ...splits.map(({ name }) => name)];
}
