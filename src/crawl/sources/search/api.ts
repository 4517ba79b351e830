/**
 * Asking one engine: in series, at its pace, with its token; every way in which an answer is no page of
 * results is a loss, but for those after which no query can succeed.
 */

import PQueue from 'p-queue';
import { WitError } from '../../../core/errors.js';
import type { Loss, Reason } from '../../../core/reasons.js';
import type { WebClient } from '../../net/client.js';
import type { Fetched, Head } from '../../net/resource.js';
import type { Cursor, ResultPage, SearchEngine } from './engine.js';
import { parseObject, shown } from './json.js';

export interface ApiPace {
  /** Least time between the starts of two requests, milliseconds. */
  readonly delayMs: number;
  /** Longest wait that the engine may ask for, milliseconds. */
  readonly maxWaitMs: number;
}

/** No connection was made: the next query would fare no better, and the whole list would be lost. */
const UNREACHABLE: ReadonlySet<Reason> = new Set<Reason>(['dns', 'connect', 'tls']);

export class SearchApi {
  readonly engine: SearchEngine;
  readonly #client: WebClient;
  readonly #pace: ApiPace;
  /** One request at a time, whatever number of units are at work. */
  readonly #series = new PQueue({ concurrency: 1 });

  /** What was sent to know us by; a hostile answer may send it back to have it written down. */
  #token: string | undefined;

  constructor(engine: SearchEngine, client: WebClient, pace: ApiPace) {
    this.engine = engine;
    this.#client = client;
    this.#pace = pace;
  }

  /**
   * The page of results of `query` at `cursor`.
   * @throws WitError `config` when the engine refuses this client or its key, `network` when it cannot be
   * reached, or asks to be left alone for longer than is waited; the signal's reason once it aborts.
   */
  async ask(
    query: string,
    cursor: Cursor,
    signal: AbortSignal,
  ): Promise<ResultPage | { loss: Loss }> {
    const { engine } = this;
    const url = engine.urlOf(query, cursor);
    if (url === undefined) return { loss: { reason: 'bad_row', detail: 'no word to search for' } };
    const fetched = await this.#series.add(async () => {
      signal.throwIfAborted();
      const first = await this.#get(url, signal);
      const again = first.ok || first.status !== 401 || engine.credentials?.renew() !== true;
      return again ? first : await this.#get(url, signal);
    });
    if (!fetched.ok) return { loss: this.#judge(fetched) };
    const answer = parseObject(fetched.body);
    if (answer === undefined) {
      return { loss: { reason: 'bad_response', detail: 'not a JSON object' } };
    }
    const read = engine.read(answer, cursor);
    return 'loss' in read ? { loss: this.#concealed(read.loss) } : read;
  }

  async #get(url: string, signal: AbortSignal): Promise<Fetched> {
    const { credentials, isBusy } = this.engine;
    const token = await credentials?.token(signal);
    this.#token = token;
    return await this.#client.api(url, {
      ...this.#pace,
      signal,
      check: judgeHead,
      ...(token !== undefined && { headers: { authorization: `Bearer ${token}` } }),
      ...(isBusy && {
        isBusy: (body: Buffer) => {
          // Errors are short; a page of results need not be parsed twice.
          const answer = body.length < 20_000 ? parseObject(body) : undefined;
          return answer !== undefined && isBusy(answer);
        },
      }),
    });
  }

  #judge({ loss, status, retryAfterMs }: Fetched & { ok: false }): Loss {
    const { name, refusedHint } = this.engine;
    if (status === 401 || status === 403) {
      throw new WitError('config', `${name} refuses to answer: HTTP ${status}`, {
        hint: refusedHint,
      });
    }
    if (loss.reason === 'private_address') {
      throw new WitError('config', `${name} cannot be asked: ${loss.detail}`, {
        hint: 'Let the crawl reach private addresses (--allow-private), or name another endpoint.',
      });
    }
    if (UNREACHABLE.has(loss.reason)) {
      throw new WitError('network', `${name} cannot be reached: ${loss.reason} (${loss.detail})`, {
        hint: 'Check the endpoint and the network, then run the same command again: what is done is kept.',
      });
    }
    if (retryAfterMs !== undefined && retryAfterMs > this.#pace.maxWaitMs) {
      const seconds = Math.ceil(retryAfterMs / 1_000);
      throw new WitError(
        'network',
        `${name} asks to be left alone for ${seconds} s (${loss.detail})`,
        {
          hint: 'Run the same command again then: what is done is kept. Or raise net.searchMaxWaitMs.',
        },
      );
    }
    return loss;
  }

  #concealed(loss: Loss): Loss {
    if (this.#token === undefined) return loss;
    return { ...loss, detail: loss.detail.replaceAll(this.#token, '(token)') };
  }
}

function judgeHead({ contentType }: Head): Loss | undefined {
  if (/^application\/(.+\+)?json$/.test(contentType)) return undefined;
  return { reason: 'wrong_content_type', detail: `${shown(contentType) || 'none'}, not JSON` };
}
