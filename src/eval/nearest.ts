/**
 * The baseline that a model must beat: the nearest training image by pixels. It shows how much of a
 * score could come from near-copies of the test images in the training set.
 *
 * Every training image and every test image becomes 12×12 RGB (short side to 12 pixels, centre
 * square, transparent parts white). A test image's neighbour is the training image with the smallest
 * sum of squared differences; of equals the first in shard order. The neighbour's captions (text and
 * other_texts) then name the class:
 *
 * 1. words are runs of letters and digits, lower-cased, after NFKC;
 * 2. a class whose words are exactly those of a caption, in order, wins;
 * 3. else the class that shares the most distinct words with one caption;
 * 4. of these, the one of which the largest part is shared; of these, the first in the set's order.
 *
 * Where no word is shared there is no answer, which counts as wrong.
 */

import { availableParallelism } from 'node:os';
import { messageOf, WitError } from '../core/errors.js';
import type { Emit } from '../core/events.js';
import { mapOrdered } from '../core/ordered.js';
import {
  centreCorner,
  copySquare,
  decodeImage,
  ShardReader,
  type ShardSource,
  type StoredRow,
} from '../train/index.js';
import { meanPerClass, topK } from './metrics.js';
import type { ClassSet } from './sets.js';

const SIDE = 12;
const VALUES = SIDE * SIDE * 3;
/** Values compared between looks at whether the distance is too large already. */
const STRIDE = VALUES / 12;
const DECODERS = 2 * availableParallelism();
const TASK = 'nearest neighbour';

export interface NearestResult {
  readonly task: 'nearest-neighbour';
  readonly set: string;
  readonly n: number;
  readonly classes: number;
  readonly trainingImages: number;
  /** Shares in 0..1. */
  readonly top1: number;
  readonly meanPerClass: number;
  readonly chance: number;
}

/**
 * Classifies a set by its images' nearest neighbours among all images of the shards.
 * @throws WitError `bad_file` naming an image that cannot be decoded; the signal's reason on abort.
 */
export async function nearestNeighbour(
  source: ShardSource,
  set: ClassSet,
  { emit, signal }: { emit: Emit; signal: AbortSignal },
): Promise<NearestResult> {
  const thumbs = new Uint8Array(set.size * VALUES);
  let index = 0;
  const tests = mapOrdered(set.images(), ({ name, bytes }) => thumbnail(bytes, name), {
    concurrency: DECODERS,
    signal,
  });
  for await (const thumb of tests) thumbs.set(thumb, VALUES * index++);
  const best = new Float64Array(set.size).fill(Number.POSITIVE_INFINITY);
  const captions: (readonly string[])[] = new Array(set.size).fill([]);
  const reader = new ShardReader(source, signal);
  let done = 0;
  try {
    emit({ type: 'begin', task: TASK, unit: 'training images' });
    const training = mapOrdered(
      rowsOf(reader),
      async (row) => ({
        row,
        thumb: await thumbnail(row.image, reader.describe(row.shard, row.row)),
      }),
      { concurrency: DECODERS, signal },
    );
    for await (const { row, thumb } of training) {
      const texts = [row.text, ...row.otherTexts];
      for (let test = 0; test < set.size; test++) {
        const distance = squaredDistance(thumbs, test * VALUES, thumb, best[test] as number);
        if (distance < (best[test] as number)) {
          best[test] = distance;
          captions[test] = texts;
        }
      }
      if (++done % 100 === 0) emit({ type: 'progress', task: TASK, done });
    }
    emit({ type: 'end', task: TASK, done });
  } finally {
    await reader.close();
  }
  const classOf = captionClassifier(set.classes);
  const answers = captions.map((texts) => {
    const answer = classOf(texts);
    return answer === undefined ? [] : [answer];
  });
  return {
    task: 'nearest-neighbour',
    set: set.name,
    n: set.size,
    classes: set.classes.length,
    trainingImages: done,
    top1: topK(answers, set.labels, 1),
    meanPerClass: meanPerClass(answers, set.labels),
    chance: 1 / set.classes.length,
  };
}

/** The class that captions name, by the rules above; undefined where no word is shared. */
export function captionClassifier(
  classes: readonly string[],
): (captions: readonly string[]) => number | undefined {
  const names = classes.map(words);
  const byName = new Map<string, number>();
  const byWord = new Map<string, number[]>();
  names.forEach((name, i) => {
    const key = name.join(' ');
    if (!byName.has(key)) byName.set(key, i);
    for (const word of new Set(name)) {
      const those = byWord.get(word);
      if (those === undefined) byWord.set(word, [i]);
      else those.push(i);
    }
  });
  return (captions) => {
    const spoken = captions.map(words);
    const exact = spoken
      .map((caption) => byName.get(caption.join(' ')) ?? -1)
      .filter((i) => i >= 0);
    if (exact.length > 0) return Math.min(...exact);
    let answer: { index: number; shared: number; part: number } | undefined;
    for (const caption of spoken) {
      const shared = new Map<number, number>();
      for (const word of new Set(caption)) {
        for (const i of byWord.get(word) ?? []) shared.set(i, (shared.get(i) ?? 0) + 1);
      }
      for (const [i, n] of shared) {
        const part = n / new Set(names[i]).size;
        const better =
          answer === undefined ||
          n > answer.shared ||
          (n === answer.shared &&
            (part > answer.part || (part === answer.part && i < answer.index)));
        if (better) answer = { index: i, shared: n, part };
      }
    }
    return answer?.index;
  };
}

function words(text: string): string[] {
  return (
    text
      .normalize('NFKC')
      .toLowerCase()
      .match(/[\p{L}\p{N}]+/gu) ?? []
  );
}

/** Sum of squared differences; any value of at least `limit` once that is reached. */
function squaredDistance(a: Uint8Array, start: number, b: Uint8Array, limit: number): number {
  let sum = 0;
  for (let part = 0; part < VALUES; part += STRIDE) {
    for (let i = part; i < part + STRIDE; i++) {
      const difference = (a[start + i] as number) - (b[i] as number);
      sum += difference * difference;
    }
    if (sum >= limit) return sum;
  }
  return sum;
}

async function thumbnail(bytes: Uint8Array, name: string): Promise<Uint8Array> {
  try {
    const pixels = await decodeImage(bytes, SIDE);
    const thumb = new Uint8Array(VALUES);
    copySquare(pixels, centreCorner(pixels, SIDE), SIDE, thumb, 0);
    return thumb;
  } catch (cause) {
    throw new WitError('bad_file', `Cannot decode ${name}: ${messageOf(cause)}`, { cause });
  }
}

async function* rowsOf(reader: ShardReader): AsyncGenerator<StoredRow> {
  for (let index = 0; ; index++) {
    const group = await reader.at(index);
    if (group === undefined) return;
    yield* await reader.read(group);
  }
}
