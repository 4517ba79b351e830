/**
 * Losses that may be our own network's fault: nobody has answered since. They are neither logged nor
 * committed before somebody does, so that an outage loses nothing: a run that ends in it tries them again.
 */

import { isSilence, type WebClient } from '../crawl/index.js';
import type { Outcome } from './fetch-one.js';
import type { FetchPart } from './fetch-part.js';

interface Doubt {
  readonly part: FetchPart;
  readonly row: number;
  readonly outcome: Outcome;
  /** The client's, when it failed. */
  readonly answers: number;
}

export class Doubts {
  readonly #client: Pick<WebClient, 'answers'>;
  /** In the order in which they came, and so by `answers`. */
  #doubts: Doubt[] = [];

  constructor(client: Pick<WebClient, 'answers'>) {
    this.#client = client;
  }

  /** Whether an outcome is of the kind that is in doubt until somebody answers. */
  concern(outcome: Outcome): boolean {
    return 'loss' in outcome && isSilence(outcome.loss.reason);
  }

  add(part: FetchPart, row: number, outcome: Outcome): void {
    this.#doubts.push({ part, row, outcome, answers: this.#client.answers });
  }

  /** Logs those after which somebody answered. */
  async settle(): Promise<void> {
    const open = this.#doubts.findIndex((doubt) => this.#isOpen(doubt));
    const settled = this.#doubts.splice(0, open === -1 ? this.#doubts.length : open);
    await Promise.all(settled.map(({ part, row, outcome }) => part.log.append(row, outcome)));
  }

  /** Whether a loss of `part` is in doubt. */
  has(part: FetchPart): boolean {
    return this.#doubts.some((doubt) => doubt.part === part && this.#isOpen(doubt));
  }

  #isOpen({ answers }: Doubt): boolean {
    return answers >= this.#client.answers;
  }
}
