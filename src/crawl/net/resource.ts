/** What is asked of the web and what comes back: the types between the client and its users. */

import type { Loss } from '../../core/reasons.js';

export type ResourceKind = 'page' | 'image' | 'sitemap' | 'robots';

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** A response before its body is read. */
export interface Head {
  /** After redirects. */
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  /** The media type alone, lower-case (`text/html`); empty when not given. */
  readonly contentType: string;
}

export type Fetched =
  | ({ readonly ok: true; readonly body: Buffer } & Head)
  | { readonly ok: false; readonly loss: Loss; readonly status?: number };

export interface GetOptions {
  readonly kind: ResourceKind;
  readonly signal: AbortSignal;
  /** Judges the head of a successful response; a loss ends the request with its body unread. */
  readonly check?: (head: Head) => Loss | undefined;
}
