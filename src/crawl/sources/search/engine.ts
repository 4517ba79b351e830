/**
 * What an image-search API is to the source `search`: how a query becomes a request and an answer
 * becomes images. Engines are pure but for the credentials they may have to fetch; requests, limits and
 * losses are the affair of api.ts and source.ts.
 */

import type { SearchConfig } from '../../../config.js';
import type { Loss } from '../../../core/reasons.js';
import type { LicenseCode } from './license.js';

export type EngineName = SearchConfig['engines'][number];

/** The parameters that ask for one page of results; `{}` asks for the first. */
export type Cursor = Readonly<Record<string, string>>;

/** One result as the engine tells it; nothing in it is checked yet. */
export interface FoundImage {
  readonly imageUrl: string;
  /** The image's texts, the best first. */
  readonly texts: readonly string[];
  /** The page about the image, where credit is to be found. */
  readonly pageUrl?: string | undefined;
  /** As the engine states it: short name and URL. */
  readonly license?: string | undefined;
  readonly licenseCode?: LicenseCode | undefined;
}

export interface ResultPage {
  /** In the engine's order; a loss stands for a result that cannot be read. */
  readonly results: readonly (FoundImage | { readonly loss: Loss })[];
  /** Asks for the next page; absent after the last. */
  readonly next?: Cursor | undefined;
  /** That nothing new stands here does not mean that nothing comes after it. */
  readonly partial?: boolean;
}

export interface SearchEngine {
  readonly name: EngineName;
  /** Pages asked for one query, at most: as deep as the engine lets anyone go. */
  readonly maxPages: number;
  /** Requests per second, where the settings say nothing. */
  readonly requestsPerSecond: number;
  /** What to do when the engine refuses this client (401, 403). */
  readonly refusedHint: string;
  /** The URL that asks for a page; undefined when nothing is left of the query to search for. */
  urlOf(query: string, cursor: Cursor): string | undefined;
  /** Reads an answer. A loss says why it is no page of results. @throws WitError when no query can succeed. */
  read(answer: Readonly<Record<string, unknown>>, cursor: Cursor): ResultPage | { loss: Loss };
  /** True for an answer that says "not now" with status 200. */
  isBusy?(answer: Readonly<Record<string, unknown>>): boolean;
  readonly credentials?: Credentials | undefined;
}

/** What an engine is shown to know its user. Never part of settings, messages or files. */
export interface Credentials {
  /** The bearer token, fetched where there is none yet. @throws WitError when it is refused. */
  token(signal: AbortSignal): Promise<string>;
  /** Forgets a token that was refused; false when there is no way to get another. */
  renew(): boolean;
}

/** The query as a phrase to be found word for word; undefined when no word is left. */
export function phrase(query: string): string | undefined {
  const words = query.replace(/["\\\s]+/g, ' ').trim();
  return words === '' ? undefined : `"${words}"`;
}
