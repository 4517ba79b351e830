/**
 * Image ↔ text retrieval (Radford et al. 2021, Table 13): for each image, is one of its captions among
 * the k nearest texts, and for each caption, its image among the k nearest images?
 *
 * Equal captions are one text. Images that share a caption count as right answers for each other's
 * captions: nothing could tell them apart.
 */

import { chanceRecallAt, recallAt } from './metrics.js';
import type { EvalSession } from './session.js';
import type { CaptionSet } from './sets.js';

export interface Recall {
  readonly r1: number;
  readonly r5: number;
  readonly r10: number;
}

export interface RetrievalResult {
  readonly task: 'retrieval';
  readonly set: string;
  /** Images. */
  readonly n: number;
  /** Distinct captions. */
  readonly texts: number;
  /** Shares in 0..1. */
  readonly imageToText: Recall;
  readonly textToImage: Recall;
  /** What random order is expected to give. */
  readonly chance: { readonly imageToText: Recall; readonly textToImage: Recall };
}

export async function retrieval(
  session: EvalSession,
  set: CaptionSet,
  onProgress: (done: number) => void,
): Promise<RetrievalResult> {
  const { texts, imageGroups, textGroups } = groupByCaption(set.captions);
  await session.embedTexts(texts, 'texts');
  await session.embedImages(set, 'images', onProgress);
  const images = { name: 'images', groups: imageGroups };
  const captions = { name: 'texts', groups: textGroups };
  return {
    task: 'retrieval',
    set: set.name,
    n: set.size,
    texts: texts.length,
    imageToText: recalls(await session.retrieve(images, captions)),
    textToImage: recalls(await session.retrieve(captions, images)),
    chance: {
      imageToText: chances(imageGroups, textGroups),
      textToImage: chances(textGroups, imageGroups),
    },
  };
}

/**
 * The distinct captions, and a group for each image and each caption: those that are joined by
 * captions, directly or through others, have the same group.
 */
export function groupByCaption(captions: readonly (readonly string[])[]): {
  texts: string[];
  imageGroups: number[];
  textGroups: number[];
} {
  const index = new Map<string, number>();
  for (const text of captions.flat()) if (!index.has(text)) index.set(text, index.size);
  const parent = Array.from({ length: index.size }, (_, i) => i);
  const root = (i: number): number => {
    let node = i;
    while (parent[node] !== node) {
      parent[node] = parent[parent[node] as number] as number;
      node = parent[node] as number;
    }
    return node;
  };
  for (const own of captions) {
    const first = root(index.get(own[0] as string) as number);
    for (const text of own) parent[root(index.get(text) as number)] = first;
  }
  return {
    texts: [...index.keys()],
    imageGroups: captions.map((own) => root(index.get(own[0] as string) as number)),
    textGroups: Array.from({ length: index.size }, (_, i) => root(i)),
  };
}

function chances(queries: readonly number[], gallery: readonly number[]): Recall {
  const sizes = new Map<number, number>();
  for (const group of gallery) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  const right = queries.map((group) => sizes.get(group) as number);
  const at = (k: number): number => chanceRecallAt(right, gallery.length, k);
  return { r1: at(1), r5: at(5), r10: at(10) };
}

function recalls(ranks: readonly number[]): Recall {
  return { r1: recallAt(ranks, 1), r5: recallAt(ranks, 5), r10: recallAt(ranks, 10) };
}
