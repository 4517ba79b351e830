/** Who watches the client at work. Called for every exchange, so it must be cheap and never throw. */

import type { Reason } from '../../core/reasons.js';
import type { ResourceKind } from './resource.js';

/** `archive`: one connection of a file that is read as a stream. */
export type ExchangeKind = ResourceKind | 'archive';
/** What one request came to: an answer that can be used, a redirect, or the reason why neither. */
export type ExchangeOutcome = 'answer' | 'redirect' | Reason;

export interface NetObserver {
  /** Bytes of a body, as sent: before decompression, without headers. */
  received(bytes: number): void;
  /**
   * An exchange is over. `host` is the URL's, with its port where that is not the default; `ms` runs
   * from asking to the last byte (of an archive: to the headers), connecting included, waiting for
   * pace not; `repeated` tells that the same was asked before and failed.
   */
  exchanged(
    kind: ExchangeKind,
    host: string,
    outcome: ExchangeOutcome,
    ms: number,
    repeated: boolean,
  ): void;
}
