/** One request and its answer: headers read and judged, body read within limits, errors classified. */

import type { Agent, Dispatcher } from 'undici';
import type { Loss } from '../../core/reasons.js';
import { type Meter, readBody } from './body.js';
import { classifyError, classifyStatus, isLasting } from './errors.js';
import { parseUrl } from './guard.js';
import type { Retry } from './pace.js';
import type { Head, Headers, ResourceKind } from './resource.js';
import type { TdmDeclaration } from './tdmrep.js';

export const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** A redirect's or error's body up to this size is read to its end, to keep the connection. */
const MAX_DRAIN_BYTES = 64 * 1024;

const ACCEPT: Readonly<Record<ResourceKind, string>> = {
  page: 'text/html,application/xhtml+xml;q=0.9',
  image: 'image/avif,image/webp,image/png,image/jpeg,image/*;q=0.8,*/*;q=0.5',
  sitemap: 'application/xml,text/xml,text/plain;q=0.8,*/*;q=0.5',
  robots: 'text/plain,*/*;q=0.5',
  'tdm-file': 'application/json,*/*;q=0.5',
  api: 'application/json',
};

/** Longer than this a body that nobody wants is not waited for. */
const MAX_DRAIN_MS = 1_000;

export interface HopRequest {
  readonly url: URL;
  readonly kind: ResourceKind;
  readonly userAgent: string;
  /** Of the body, as sent and unpacked. */
  readonly maxBytes: number;
  readonly check?: (head: Head) => Loss | undefined;
  /** Handed on with the head. */
  readonly tdm?: TdmDeclaration | undefined;
  /** Sent beside those that every request has. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent by POST, form-encoded. */
  readonly form?: Readonly<Record<string, string>>;
}

interface HopLoss {
  readonly type: 'loss';
  readonly loss: Loss;
  readonly status?: number | undefined;
  readonly retryAfterMs?: number | undefined;
  /** Asking again will not help, whatever the class of the reason. */
  readonly lasting?: boolean;
}

/** What one exchange came to: an answer, a redirect to follow, or a loss. */
export type Hop =
  | { readonly type: 'answer'; readonly head: Head; readonly body: Buffer }
  | { readonly type: 'redirect'; readonly to: URL; readonly status: number }
  | HopLoss;

/**
 * Asks once. Throws nothing: an abort shows as a loss, with the class of the signal's reason.
 * @param meter counts what was read of the body, to the end of the promise and no further.
 */
export async function exchange(
  agent: Agent,
  request: HopRequest,
  signal: AbortSignal,
  meter: Meter,
): Promise<Hop> {
  const { url, kind, maxBytes, form } = request;
  let phase: 'head' | 'body' = 'head';
  let status: number | undefined;
  try {
    const response = await agent.request({
      origin: url.origin,
      path: url.pathname + url.search,
      method: form === undefined ? 'GET' : 'POST',
      ...(form !== undefined && { body: new URLSearchParams(form).toString() }),
      headers: {
        ...request.headers,
        ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
        'user-agent': request.userAgent,
        accept: ACCEPT[kind],
        // Images are compressed already.
        'accept-encoding': kind === 'image' ? 'identity' : 'gzip, deflate, br',
      },
      signal,
    });
    phase = 'body';
    status = response.statusCode;
    const { headers, body } = response;
    // A body that is cut off reports that as an error, to nobody in particular.
    body.on('error', () => {});
    const leave = async (hop: Hop) => {
      await discard(body, headers, meter);
      return hop;
    };

    const location = first(headers.location);
    if (REDIRECTS.has(status) && location !== undefined) {
      const to = parseUrl(utf8(location), url);
      if (to === undefined) {
        return await leave(loss('bad_response', `Location ${JSON.stringify(location)}`, status));
      }
      to.hash = '';
      return await leave({ type: 'redirect', to, status });
    }
    const bad = classifyStatus(status);
    if (bad !== undefined) {
      const retryAfterMs = retryAfter(first(headers['retry-after']));
      return await leave({ type: 'loss', loss: bad, status, retryAfterMs });
    }

    const contentType = mediaType(first(headers['content-type']));
    const { tdm } = request;
    const head: Head = { url: url.href, status, headers, contentType, ...(tdm && { tdm }) };
    const refused = request.check?.(head);
    if (refused !== undefined) {
      body.destroy();
      return { type: 'loss', loss: refused, status };
    }
    const declared = Number(first(headers['content-length']));
    if (declared > maxBytes && kind !== 'robots') {
      body.destroy();
      const detail = `Content-Length ${declared}, at most ${maxBytes} allowed`;
      return loss('too_many_bytes', detail, status);
    }
    const encoding = [headers['content-encoding'] ?? ''].flat().join(',');
    const overflow = kind === 'robots' ? 'cut' : 'refuse';
    const bytes = await readBody(body, encoding, { maxBytes, overflow }, meter);
    return { type: 'answer', head, body: bytes };
  } catch (thrown) {
    // undici reports an abort as an error of its own here and there; the signal knows why.
    const error = signal.aborted ? signal.reason : thrown;
    const { reason, detail } = classifyError(error, phase);
    return { ...loss(reason, detail, status), lasting: isLasting(error) };
  }
}

/** Milliseconds of a Retry-After in seconds or as an HTTP date (RFC 9110 §10.2.3). */
export function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** When to ask again after `loss`, and what becomes of others meanwhile if that is too far off. */
export function afterwards(loss: Loss, afterMs: number | undefined): Retry {
  if (afterMs === undefined) return {};
  const detail = `${loss.detail} before: not to be asked for ${Math.ceil(afterMs / 1_000)} s`;
  return { afterMs, closed: { reason: loss.reason, detail } };
}

/** Lets go of a body nobody wants: reads a short one to keep the connection, cuts off others. */
async function discard(
  body: Dispatcher.ResponseData['body'],
  headers: Headers,
  meter: Meter,
): Promise<void> {
  const length = Number(first(headers['content-length']) ?? 0);
  if (length <= MAX_DRAIN_BYTES) {
    const timer = setTimeout(() => body.destroy(), MAX_DRAIN_MS);
    body.on('data', (chunk: Buffer) => {
      meter.bytes += chunk.length;
    });
    await body.dump({ limit: MAX_DRAIN_BYTES });
    clearTimeout(timer);
  }
  body.destroy();
}

/** The first of a header's lines. */
export function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

function mediaType(value: string | undefined): string {
  return (value ?? '').split(';', 1)[0]?.trim().toLowerCase() ?? '';
}

/** Header bytes arrive as Latin-1; a Location in raw UTF-8 is common enough. */
function utf8(latin1: string): string {
  if (!/[\x80-\xff]/.test(latin1)) return latin1;
  const text = Buffer.from(latin1, 'latin1').toString('utf8');
  return text.includes('\ufffd') ? latin1 : text;
}

function loss(reason: Loss['reason'], detail: string, status: number | undefined): HopLoss {
  return { type: 'loss', loss: { reason, detail }, status };
}
