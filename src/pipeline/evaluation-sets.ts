/**
 * Decontamination: pairs whose image is, or nearly is, one of an evaluation set are left out, so that
 * what a model scores there is not what it has seen.
 */

import type { BuildConfig } from '../config.js';
import { WitError } from '../core/errors.js';
import type { Emit } from '../core/events.js';
import { sha256 } from '../core/ids.js';
import { mapOrdered } from '../core/ordered.js';
import type { Loss } from '../core/reasons.js';
import type { Pair } from '../core/types.js';
import { loadImages, type NamedImage } from '../eval/sets.js';
import { DuplicateIndex, EVERY_IMAGE, normaliseImage } from '../filter/index.js';

const DECODERS = 4;
const TASK = 'evaluation sets';

interface Member {
  readonly set: string;
  readonly name: string;
}

interface Print extends Member {
  readonly sha256: string;
  readonly dhash?: string;
  /** Why there is no hash. */
  readonly detail?: string;
}

export class EvaluationSets {
  readonly #index: DuplicateIndex;
  /** By their places, which are their keys in the index. */
  readonly #members: Member[] = [];
  /** Those that no decoder reads, by the SHA-256 of their bytes. */
  readonly #unreadable = new Map<string, Member>();
  /** How many images each set has, and a digest of all: what is saved with the dataset, by the set's path. */
  readonly versions: Record<string, string> = {};

  private constructor(bits: number, capacity: number) {
    // In memory whatever their number: some 80 bytes each.
    const memoryBytes = Number.MAX_SAFE_INTEGER;
    this.#index = new DuplicateIndex(bits, { capacity, path: '', memoryBytes });
  }

  /**
   * Reads and decodes every image of the sets. Of those that cannot be decoded only equal bytes are found; a
   * warning says how many.
   * @throws WitError `missing_file`, `bad_file`, or `input` for a set without a readable image.
   */
  static async load(
    { filter, shard }: BuildConfig,
    options: { emit: Emit; signal: AbortSignal },
  ): Promise<EvaluationSets> {
    const { emit, signal } = options;
    const loaded = [];
    for (const path of new Set(filter.decontaminate)) {
      loaded.push({ path, images: await loadImages(path) });
    }
    const total = loaded.reduce((sum, { images }) => sum + images.size, 0);
    const sets = new EvaluationSets(filter.overlapBits, Math.max(1, total));
    if (total === 0) return sets;
    emit({ type: 'begin', task: TASK, unit: 'images', total });
    let done = 0;
    for (const { path, images } of loaded) {
      const print = (image: NamedImage) => printOf(path, image, shard);
      const prints = mapOrdered(images.images(), print, { concurrency: DECODERS, signal });
      const hashes: string[] = [];
      const lost: Print[] = [];
      for await (const one of prints) {
        hashes.push(one.sha256, one.dhash ?? '');
        if (one.dhash === undefined) lost.push(one);
        sets.#add(one);
        if (++done % 100 === 0) emit({ type: 'progress', task: TASK, done, note: path });
      }
      const [first] = lost;
      const counts = [`${images.size} images`, ...(first ? [`${lost.length} unreadable`] : [])];
      sets.versions[path] = `${counts.join(', ')}, ${sha256(hashes.join('\n')).slice(0, 16)}`;
      if (first === undefined) continue;
      const text = `${path}: ${lost.length} of ${images.size} images cannot be read, so only copies of equal bytes are found; ${first.name}: ${first.detail}`;
      if (lost.length === images.size) throw new WitError('input', text);
      emit({ type: 'message', level: 'warning', text });
    }
    emit({ type: 'end', task: TASK, done });
    return sets;
  }

  #add({ set, name, sha256, dhash }: Print): void {
    if (dhash === undefined) {
      this.#unreadable.set(sha256, { set, name });
      return;
    }
    const key = (this.#members.push({ set, name }) - 1).toString(16).padStart(32, '0');
    this.#index.add({ key, sha256, dhash });
  }

  /** The loss of a pair whose image is one of a set's. */
  check(pair: Pick<Pair, 'sha256' | 'dhash'>): Loss | undefined {
    const unreadable = this.#unreadable.get(pair.sha256);
    if (unreadable !== undefined) return lossTo(unreadable, 'same bytes as');
    const twin = this.#index.check(pair);
    if (twin === undefined) return undefined;
    const member = this.#members[Number.parseInt(twin.key, 16)] as Member;
    return lossTo(member, twin.reason === 'duplicate_exact' ? 'same bytes as' : 'nearly');
  }
}

function lossTo({ set, name }: Member, how: string): Loss {
  return { reason: 'evaluation_overlap', detail: `${how} ${name}`, by: set };
}

async function printOf(
  set: string,
  { name, bytes: stored }: NamedImage,
  shard: BuildConfig['shard'],
): Promise<Print> {
  const bytes = Buffer.from(stored);
  // Sizes and shapes are no reason to miss an evaluation image.
  const image = await normaliseImage(bytes, EVERY_IMAGE, shard);
  const print = { set, name, sha256: sha256(bytes) };
  if (image.ok) return { ...print, dhash: image.dhash };
  return { ...print, detail: `${image.loss.reason}, ${image.loss.detail}` };
}
