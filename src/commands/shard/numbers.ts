/** What the commands on shards have in common: numbers and choices on the command line. */

import { WitError } from '../../core/errors.js';

/** Digits in groups of three. */
export function number(n: number): string {
  return n.toLocaleString('en-US');
}

/** @throws WitError `config` with what was received and what is known. */
export function oneOf<T extends string>(flag: string, value: unknown, known: readonly T[]): T {
  const found = known.find((name) => name === value);
  if (found !== undefined) return found;
  const received = value === undefined ? 'nothing' : JSON.stringify(value);
  throw new WitError('config', `${flag} expects ${known.join(', ')}; received ${received}`);
}

/** @throws WitError `config` for what is no whole number of at least `least`. */
export function whole(flag: string, value: unknown, least: number): number | undefined {
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && (value as number) >= least) return value as number;
  throw new WitError(
    'config',
    `${flag} expects a whole number of at least ${least}, received ${value}`,
  );
}
