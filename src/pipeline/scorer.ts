/** The interface between `wit` and a scorer: docs/scorers.md describes it. */

/** What a scorer sees of a pair. */
export interface ScoredPair {
  readonly key: string;
  /** The encoded file as it is stored: JPEG, WebP or PNG. */
  readonly image: Uint8Array;
  readonly format: string;
  /** In pixels, as stored. */
  readonly width: number;
  readonly height: number;
  /** The decoded image, u8 `[height, width, 3]`, red first. */
  readonly pixels: () => Promise<Uint8Array>;
  readonly text: string;
  readonly url: string;
  readonly pageUrl?: string | undefined;
}

/** What a module exports. */
export interface Scorer {
  readonly name: string;
  /** Whoever changes what a scorer gives raises it: a dataset is not gone on with under another version. */
  readonly version: string | number;
  /** One finite number a pair, in their order, that depends on that pair alone. */
  readonly score: (batch: readonly ScoredPair[]) => Promise<readonly number[]> | readonly number[];
  /** Called once when there is nothing more to score. */
  readonly close?: () => Promise<void> | void;
}
