/** What is asked of the web and what comes back: the types between the client and its users. */

import type { Loss } from '../../core/reasons.js';
import type { TdmDeclaration } from './tdmrep.js';

export type ResourceKind = 'page' | 'image' | 'sitemap' | 'robots' | 'tdm-file' | 'api';

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** A response before its body is read. */
export interface Head {
  /** After redirects. */
  readonly url: string;
  readonly status: number;
  readonly headers: Headers;
  /** The media type alone, lower-case (`text/html`); empty when not given. */
  readonly contentType: string;
  /** What the tdmrep.json of its origin says of it, where that is asked. */
  readonly tdm?: TdmDeclaration;
}

export type Fetched =
  | ({ readonly ok: true; readonly body: Buffer } & Head)
  | {
      readonly ok: false;
      readonly loss: Loss;
      readonly status?: number;
      /** How long the server asked to be left alone, in milliseconds (Retry-After). */
      readonly retryAfterMs?: number;
    };

export interface GetOptions {
  readonly kind: ResourceKind;
  readonly signal: AbortSignal;
  /** Judges the head of a successful response; a loss ends the request with its body unread. */
  readonly check?: (head: Head) => Loss | undefined;
  /** Awaited by each request whose turn has come, before it is sent: so that its answer finds room. */
  readonly room?: () => Promise<void>;
}

/** A request to an API that a person named. */
export interface ApiOptions {
  readonly signal: AbortSignal;
  /** Sent beside the client's own; they may hold credentials, so redirects are not followed. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent by POST, form-encoded; without it the request is a GET. */
  readonly form?: Readonly<Record<string, string>>;
  /** Least time between the starts of two requests to the API's host. */
  readonly delayMs: number;
  /** Longest wait that the server may ask for; when it asks for more, it is not asked again. */
  readonly maxWaitMs: number;
  readonly check?: (head: Head) => Loss | undefined;
  /** True for an answer whose body, not its status, says "not now": it is asked for again. */
  readonly isBusy?: (body: Buffer) => boolean;
}
