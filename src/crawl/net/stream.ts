/**
 * One long download, handed on chunk by chunk: an archive of hundreds of megabytes that no memory
 * should hold. A connection that breaks or stalls is taken up again where it ended (Range with
 * If-Range, RFC 9110 §13.1.5 and §14), so that nothing is read twice and two versions of a file are
 * never mixed.
 */

import type { Agent } from 'undici';
import type { NetConfig } from '../../config.js';
import type { Clock } from '../../core/clock.js';
import { isRetryable, type Loss } from '../../core/reasons.js';
import { classifyError, classifyStatus, isLasting, TimeoutError } from './errors.js';
import { afterwards, first, REDIRECTS, retryAfter } from './exchange.js';
import { type AddressPolicy, parseUrl, refuseUrl } from './guard.js';
import type { ExchangeOutcome, NetObserver } from './observer.js';
import type { Pace, Try } from './pace.js';
import type { Headers } from './resource.js';

/** In the time one request may take, at least this must arrive: a dripping server ends. */
const LEAST_BYTES = 64 * 1024;

/** The download came to nothing, or to no more than what was handed on. */
export class StreamLossError extends Error {
  readonly loss: Loss;

  constructor(loss: Loss) {
    super(`${loss.reason}: ${loss.detail}`);
    this.loss = loss;
  }
}

export interface StreamContext {
  readonly agent: Agent;
  readonly pace: Pace;
  readonly clock: Clock;
  readonly allowed: AddressPolicy;
  readonly userAgent: string;
  readonly net: NetConfig;
  readonly observer: NetObserver | undefined;
}

/** What must be the same for two answers to be parts of one file. */
interface Version {
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** Bytes of the whole file. */
  readonly total: number | undefined;
}

/** A connection whose body is about to be read. */
interface Opened {
  readonly body: AsyncIterable<Buffer> & { destroy(): unknown };
  readonly version: Version;
  /** Bytes at the start of the body that were handed on before. */
  readonly skip: number;
}

type Opening =
  | { readonly type: 'opened'; readonly opened: Opened }
  | { readonly type: 'redirect'; readonly to: URL }
  | { readonly type: 'loss'; readonly loss: Loss };

/**
 * The bytes at `url`, from first to last. The host's pace holds the place of the connection until it
 * is read or left; the consumer's own time does not count as the server's.
 * @param onTotal is told the length of the file where the server says it
 * @throws StreamLossError when it cannot be had whole; the signal's reason once it aborts.
 */
export async function* streamBytes(
  url: string,
  context: StreamContext,
  signal: AbortSignal,
  onTotal?: (bytes: number) => void,
): AsyncGenerator<Buffer> {
  const { net, clock } = context;
  let next = parseUrl(url);
  if (next === undefined) throw lost('bad_url', 'not an absolute URL');
  let version: Version | undefined;
  let at = 0;
  let redirects = 0;
  let failures = 0;
  while (version?.total === undefined || at < version.total) {
    signal.throwIfAborted();
    const refused = refuseUrl(next, context.allowed);
    if (refused !== undefined) throw new StreamLossError(refused);
    const here: URL = next;
    const connection = new Connection(context, here, { at, version }, signal);
    try {
      const opening = await connection.open();
      if (opening.type === 'redirect') {
        if (++redirects > net.maxRedirects) {
          throw lost('too_many_redirects', `more than ${net.maxRedirects}`);
        }
        next = opening.to;
        continue;
      }
      if (opening.type === 'loss') throw new StreamLossError(opening.loss);
      if (version === undefined) {
        version = opening.opened.version;
        if (version.total !== undefined) onTotal?.(version.total);
      }
      const from = at;
      let broken: Loss | undefined;
      try {
        for await (const chunk of connection.read(opening.opened)) {
          at += chunk.length;
          yield chunk;
        }
      } catch (error) {
        signal.throwIfAborted();
        broken = classifyError(error, 'body');
        connection.outcome = broken.reason;
        if (!isRetryable(broken.reason)) throw new StreamLossError(broken);
      }
      if (broken === undefined) return;
      failures = at - from >= LEAST_BYTES ? 1 : failures + 1;
      if (failures > net.retries) {
        throw lost(broken.reason, `${broken.detail}, at byte ${at}, ${failures} times in a row`);
      }
    } finally {
      connection.close();
    }
    const wait = Math.min(net.maxBackoffMs, net.backoffMs * 2 ** (failures - 1));
    await clock.sleep(wait, signal);
  }
}

/** One request, and its place in the host's lane. */
class Connection {
  readonly #context: StreamContext;
  readonly #url: URL;
  readonly #at: number;
  readonly #version: Version | undefined;
  readonly #signal: AbortSignal;
  /** What the connection came to; a consumer that leaves early had what it wanted. */
  outcome: ExchangeOutcome = 'answer';
  /** Of the answer that was opened, for the observer. */
  #opened: { ms: number; repeated: boolean } | undefined;
  /** Of the request at work. */
  #control = new AbortController();
  readonly #onAbort: () => void;
  /** Ends the pace's job, and so frees the place for another. */
  #release: () => void = () => {};

  constructor(
    context: StreamContext,
    url: URL,
    from: { at: number; version: Version | undefined },
    signal: AbortSignal,
  ) {
    this.#context = context;
    this.#url = url;
    this.#at = from.at;
    this.#version = from.version;
    this.#signal = signal;
    this.#onAbort = () => this.#control.abort(signal.reason);
    signal.addEventListener('abort', this.#onAbort, { once: true });
  }

  /** Waits for its turn and asks, again where a failure may pass. */
  open(): Promise<Opening> {
    return new Promise<Opening>((resolve, reject) => {
      let tries = 0;
      const attempt = async (): Promise<Try<Opening>> => {
        const tried = await this.#ask(tries++ > 0);
        if (tried.value.type !== 'opened') return tried;
        const released = new Promise<void>((release) => {
          this.#release = release;
        });
        resolve(tried.value);
        await released;
        return tried;
      };
      const whenClosed = (loss: Loss): Opening => ({ type: 'loss', loss });
      const options = { signal: this.#signal, whenClosed };
      this.#context.pace.run(this.#url.host, attempt, options).then(resolve, reject);
    });
  }

  async *read({ body, skip }: Opened): AsyncGenerator<Buffer> {
    const { timeoutMs } = this.#context.net;
    const chunks = body[Symbol.asyncIterator]();
    let left = skip;
    let waited = 0;
    let received = 0;
    for (;;) {
      const began = performance.now();
      const timer = setTimeout(
        () =>
          this.#control.abort(
            new TimeoutError(`less than ${LEAST_BYTES} bytes within ${timeoutMs} ms`),
          ),
        Math.max(1, timeoutMs - waited),
      );
      let result: IteratorResult<Buffer>;
      try {
        result = await chunks.next();
      } catch (error) {
        throw this.#control.signal.aborted ? this.#control.signal.reason : error;
      } finally {
        clearTimeout(timer);
      }
      if (result.done) return;
      this.#context.observer?.received(result.value.length);
      waited += performance.now() - began;
      received += result.value.length;
      if (received >= LEAST_BYTES) {
        waited = 0;
        received = 0;
      }
      const skipped = Math.min(left, result.value.length);
      left -= skipped;
      if (skipped < result.value.length) yield result.value.subarray(skipped);
    }
  }

  close(): void {
    if (this.#opened !== undefined && !this.#signal.aborted) {
      this.#tell(this.outcome, this.#opened.ms, this.#opened.repeated);
    }
    this.#signal.removeEventListener('abort', this.#onAbort);
    this.#control.abort(new Error('closed'));
    this.#release();
  }

  #tell(outcome: ExchangeOutcome, ms: number, repeated: boolean): void {
    this.#context.observer?.exchanged('archive', this.#url.host, outcome, ms, repeated);
  }

  async #ask(repeated: boolean): Promise<Try<Opening>> {
    const began = performance.now();
    const tried = await this.#tryOnce();
    const ms = performance.now() - began;
    const { value } = tried;
    if (value.type === 'opened') this.#opened = { ms, repeated };
    else if (!this.#signal.aborted) {
      this.#tell(value.type === 'loss' ? value.loss.reason : value.type, ms, repeated);
    }
    return tried;
  }

  async #tryOnce(): Promise<Try<Opening>> {
    const { timeoutMs } = this.#context.net;
    const control = new AbortController();
    this.#control = control;
    const timer = setTimeout(
      () => control.abort(new TimeoutError(`no answer within ${timeoutMs} ms`)),
      timeoutMs,
    );
    try {
      return await this.#request();
    } catch (thrown) {
      const error = control.signal.aborted ? control.signal.reason : thrown;
      const value: Opening = { type: 'loss', loss: classifyError(error, 'head') };
      return isRetryable(value.loss.reason) && !isLasting(error) ? { value, retry: {} } : { value };
    } finally {
      clearTimeout(timer);
    }
  }

  async #request(): Promise<Try<Opening>> {
    const { agent, userAgent } = this.#context;
    const { statusCode, headers, body } = await agent.request({
      origin: this.#url.origin,
      path: this.#url.pathname + this.#url.search,
      method: 'GET',
      headers: {
        'user-agent': userAgent,
        accept: '*/*',
        // The archive's own packing is what is wanted.
        'accept-encoding': 'identity',
        ...this.#range(),
      },
      signal: this.#control.signal,
    });
    // A body that is cut off reports that as an error, to nobody in particular.
    body.on('error', () => {});
    const location = first(headers.location);
    if (REDIRECTS.has(statusCode) && location !== undefined) {
      body.destroy();
      const to = parseUrl(location, this.#url);
      if (to === undefined) return lossOf('bad_response', `Location ${JSON.stringify(location)}`);
      return { value: { type: 'redirect', to } };
    }
    const bad = statusCode === 206 && this.#at > 0 ? undefined : classifyStatus(statusCode);
    if (bad !== undefined) {
      body.destroy();
      const value: Opening = { type: 'loss', loss: bad };
      const afterMs = retryAfter(first(headers['retry-after']));
      return isRetryable(bad.reason) ? { value, retry: afterwards(bad, afterMs) } : { value };
    }
    const { start, version } = describe(statusCode, headers);
    if ((start !== 0 && start !== this.#at) || !isSame(version, this.#version)) {
      body.destroy();
      return lossOf('bad_response', `the file changed after ${this.#at} bytes of it were read`);
    }
    return { value: { type: 'opened', opened: { body, version, skip: this.#at - start } } };
  }

  #range(): Record<string, string> {
    if (this.#at === 0) return {};
    const { etag, lastModified } = this.#version ?? {};
    // Only a strong validator may stand in If-Range.
    const validator = etag !== undefined && !etag.startsWith('W/') ? etag : lastModified;
    const range = { range: `bytes=${this.#at}-` };
    return validator === undefined ? range : { ...range, 'if-range': validator };
  }
}

/** Where in the file an answer starts (NaN when it does not say), and which version it is of. */
function describe(status: number, headers: Headers): { start: number; version: Version } {
  const etag = first(headers.etag);
  const lastModified = first(headers['last-modified']);
  if (status !== 206) {
    const length = first(headers['content-length']);
    const total = length === undefined ? undefined : Number(length);
    return { start: 0, version: { etag, lastModified, total } };
  }
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(first(headers['content-range']) ?? '');
  const total = range === null || range[2] === '*' ? undefined : Number(range[2]);
  return { start: Number(range?.[1] ?? Number.NaN), version: { etag, lastModified, total } };
}

function isSame(now: Version, before: Version | undefined): boolean {
  if (before === undefined) return true;
  const equal = <T>(one: T | undefined, two: T | undefined) =>
    one === undefined || two === undefined || one === two;
  return (
    equal(now.etag, before.etag) &&
    equal(now.lastModified, before.lastModified) &&
    equal(now.total, before.total)
  );
}

function lost(reason: Loss['reason'], detail: string): StreamLossError {
  return new StreamLossError({ reason, detail });
}

function lossOf(reason: Loss['reason'], detail: string): Try<Opening> {
  return { value: { type: 'loss', loss: { reason, detail } } };
}
