/**
 * Scorers: numbers that pairs get, and must have where there are limits, from a module that somebody
 * wrote or from a CLIP that we trained. They see pairs in order, in batches that never cross a part, so
 * that a rerun gives the same scores. docs/scorers.md describes the interface.
 */

import type { FilterConfig } from '../config.js';
import { messageOf, WitError } from '../core/errors.js';
import type { Emit } from '../core/events.js';
import type { Loss } from '../core/reasons.js';
import type { Pair } from '../core/types.js';
import { decodeStored } from '../filter/index.js';
import { openScorer } from './open-scorer.js';
import type { ScoredPair, Scorer } from './scorer.js';

/** What the scorers made of a pair: its scores by name, up to the one that refused it. */
export interface Scored {
  readonly scores: Readonly<Record<string, number>>;
  readonly loss?: Loss;
}

interface Opened {
  readonly scorer: Scorer;
  readonly name: string;
  readonly limits: FilterConfig['scorers'][number];
}

const NAME = /^[\w-]{1,40}$/;
/** What is compared and stored: enough to tell pairs apart, and what another order of adding leaves alone. */
const DIGITS = 6;

export class Scorers {
  readonly #all: readonly Opened[];
  readonly #signal: AbortSignal;

  private constructor(all: readonly Opened[], signal: AbortSignal) {
    this.#all = all;
    this.#signal = signal;
  }

  /** @throws WitError `missing_file`, `bad_file`, `engine` or `config` naming the scorer. */
  static async open({ scorers }: FilterConfig, signal: AbortSignal): Promise<Scorers> {
    const all: Opened[] = [];
    try {
      for (const limits of scorers) {
        const scorer = await openScorer(limits.from, signal);
        const name = limits.name ?? scorer.name;
        all.push({ scorer, name, limits });
        if (!NAME.test(name)) {
          throw new WitError(
            'bad_file',
            `Scorer ${limits.from}: its name must be 1 to 40 letters, digits, _ and -, received ${JSON.stringify(name)}`,
          );
        }
        if (all.slice(0, -1).some((other) => other.name === name)) {
          throw new WitError('config', `Two scorers are named ${JSON.stringify(name)}`, {
            hint: 'Give one of them another name: --scorer FROM,name=NAME.',
          });
        }
      }
    } catch (error) {
      await closeAll(all);
      throw error;
    }
    return new Scorers(all, signal);
  }

  get isEmpty(): boolean {
    return this.#all.length === 0;
  }

  /** Whether what is kept depends on the other pairs of a part. */
  get haveShares(): boolean {
    return this.#all.some(({ limits }) => limits.top !== undefined);
  }

  /** Of each, by name: what is saved with the dataset. */
  get versions(): Record<string, string> {
    return Object.fromEntries(this.#all.map(({ name, scorer }) => [name, String(scorer.version)]));
  }

  /**
   * Scores pairs. A scorer does not see what an earlier one has refused for its lowest or highest score.
   * @throws WitError `input` when a scorer fails or gives something else than numbers.
   */
  async judge(pairs: readonly Pair[]): Promise<Scored[]> {
    const scores = pairs.map((): Record<string, number> => ({}));
    const losses = new Array<Loss | undefined>(pairs.length).fill(undefined);
    for (const { scorer, name, limits } of this.#all) {
      const at = [...pairs.keys()].filter((index) => losses[index] === undefined);
      if (at.length === 0) break;
      const batch = at.map((index) => scoredPair(pairs[index] as Pair));
      const given = await this.#score(scorer, name, batch);
      for (const [i, index] of at.entries()) {
        const score = Number((given[i] as number).toPrecision(DIGITS));
        (scores[index] as Record<string, number>)[name] = score;
        losses[index] = beyondLimits(name, score, limits);
      }
    }
    return scores.map((own, index) => {
      const loss = losses[index];
      return { scores: own, ...(loss && { loss }) };
    });
  }

  /**
   * For all pairs of a part that are within the other limits: the loss of those that are not among the
   * highest. Every share is of the same pairs; of equal scores the first stay.
   */
  belowTop(part: readonly Scored[]): (Loss | undefined)[] {
    const losses = new Array<Loss | undefined>(part.length).fill(undefined);
    for (const { name, limits } of this.#all) {
      if (limits.top === undefined) continue;
      const scoreOf = (index: number) => part[index]?.scores[name] as number;
      const order = [...part.keys()].sort((a, b) => scoreOf(b) - scoreOf(a) || a - b);
      const kept = Math.ceil(limits.top * part.length);
      const lowest = scoreOf(order[kept - 1] as number);
      for (const index of order.slice(kept)) {
        losses[index] ??= {
          reason: 'score_below',
          detail: `${name} ${scoreOf(index)}, the top ${limits.top} of its part begin at ${lowest}`,
          by: name,
        };
      }
    }
    return losses;
  }

  async #score(
    scorer: Scorer,
    name: string,
    batch: readonly ScoredPair[],
  ): Promise<readonly number[]> {
    let scores: unknown;
    try {
      scores = await orAborted(async () => scorer.score(batch), this.#signal);
    } catch (cause) {
      this.#signal.throwIfAborted();
      if (cause instanceof WitError) throw cause;
      throw refusal(name, `it failed: ${messageOf(cause)}`, cause);
    }
    const isList = Array.isArray(scores) || ArrayBuffer.isView(scores);
    const list = isList ? Array.from(scores as ArrayLike<unknown>) : [];
    if (!isList || list.length !== batch.length) {
      const found = isList ? `${list.length}` : typeof scores;
      throw refusal(name, `expected ${batch.length} scores, got ${found}`);
    }
    const bad = list.findIndex((score) => !Number.isFinite(score));
    if (bad !== -1) {
      const { key, url } = batch[bad] as ScoredPair;
      throw refusal(name, `expected a finite number for ${key} (${url}), got ${String(list[bad])}`);
    }
    return list as number[];
  }

  /** A scorer that cannot be closed costs a warning: its scores are all given. */
  async close(emit: Emit): Promise<void> {
    for (const [name, error] of await closeAll(this.#all)) {
      const text = `Scorer ${name} failed to close: ${messageOf(error)}`;
      emit({ type: 'message', level: 'warning', text });
    }
  }
}

function refusal(name: string, what: string, cause?: unknown): WitError {
  return new WitError('input', `Scorer ${name}: ${what}`, {
    cause,
    hint: 'What was downloaded is kept. Mend the scorer and run the same command again to go on.',
  });
}

async function closeAll(all: readonly Opened[]): Promise<[name: string, error: unknown][]> {
  const failures: [string, unknown][] = [];
  for (const { scorer, name } of all) {
    try {
      await scorer.close?.();
    } catch (error) {
      failures.push([name, error]);
    }
  }
  return failures;
}

/** A scorer that never answers must not keep a run from being stopped. */
async function orAborted<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  signal.throwIfAborted();
  let stop = (): void => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason as Error);
    signal.addEventListener('abort', stop, { once: true });
  });
  try {
    return await Promise.race([work(), aborted]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}

function beyondLimits(
  name: string,
  score: number,
  { min, max }: Opened['limits'],
): Loss | undefined {
  if (min !== undefined && score < min) {
    return { reason: 'score_below', detail: `${name} ${score}, at least ${min}`, by: name };
  }
  if (max !== undefined && score > max) {
    return { reason: 'score_above', detail: `${name} ${score}, at most ${max}`, by: name };
  }
  return undefined;
}

function scoredPair({ key, image, format, width, height, text, url, pageUrl }: Pair): ScoredPair {
  const pixels = async () => (await decodeStored(image.bytes)).rgb;
  return { key, image: image.bytes, format, width, height, pixels, text, url, pageUrl };
}
