/**
 * Every way a request breaks, as one of the closed reasons. What is not in the table is
 * `bad_response`, with its message kept in the detail.
 */

import { messageOf, systemCode } from '../../core/errors.js';
import type { Loss, Reason } from '../../core/reasons.js';

const REASON_OF_CODE: Readonly<Record<string, Reason>> = {
  WIT_PRIVATE_ADDRESS: 'private_address',
  WIT_TIMEOUT: 'timeout',
  WIT_TOO_MANY_BYTES: 'too_many_bytes',

  // Names (node:dns, c-ares)
  ENOTFOUND: 'dns',
  ENODATA: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  ESERVFAIL: 'dns',
  EREFUSED: 'dns',
  EFORMERR: 'dns',
  EBADNAME: 'dns',
  EBADRESP: 'dns',
  ENOTIMP: 'dns',
  ETIMEOUT: 'dns',

  // Connecting
  ECONNREFUSED: 'connect',
  EHOSTUNREACH: 'connect',
  EHOSTDOWN: 'connect',
  ENETUNREACH: 'connect',
  ENETDOWN: 'connect',
  EADDRNOTAVAIL: 'connect',
  EACCES: 'connect',
  EPERM: 'connect',
  EMFILE: 'connect',
  ENFILE: 'connect',
  ENOBUFS: 'connect',

  // Closed by us
  UND_ERR_CLOSED: 'reset',
  UND_ERR_DESTROYED: 'reset',

  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',

  // TLS (OpenSSL's verification codes; others by prefix below)
  EPROTO: 'tls',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'tls',
  SELF_SIGNED_CERT_IN_CHAIN: 'tls',
  UNABLE_TO_GET_ISSUER_CERT: 'tls',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'tls',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'tls',
  INVALID_PURPOSE: 'tls',
  HOSTNAME_MISMATCH: 'tls',

  // The answer
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'truncated',
  Z_BUF_ERROR: 'truncated',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'too_many_bytes',
  UND_ERR_HEADERS_OVERFLOW: 'bad_response',
  Z_DATA_ERROR: 'bad_response',
  UND_ERR_INVALID_ARG: 'bad_url',
};

const REASON_OF_PREFIX: readonly (readonly [prefix: string, reason: Reason])[] = [
  ['ERR_TLS_', 'tls'],
  ['ERR_SSL_', 'tls'],
  ['CERT_', 'tls'],
  ['HPE_', 'bad_response'],
];

/**
 * The peer ended the connection before a whole answer, in order (FIN) or not (RST). Which of them is seen is up to
 * chance: a reset that arrives together with data shows as an end, and the other way round.
 */
const ENDED: ReadonlySet<string> = new Set([
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'UND_ERR_SOCKET',
  'HPE_INVALID_EOF_STATE',
]);

/**
 * Classifies what a request threw. `phase` tells a connection that ended before the answer (`reset`)
 * from one that ended within its body (`truncated`). The same trouble gives the same words.
 */
export function classifyError(error: unknown, phase: 'head' | 'body'): Loss {
  const cause = innermost(error);
  const code = systemCode(cause) ?? '';
  if (ENDED.has(code)) {
    return phase === 'head'
      ? { reason: 'reset', detail: 'the connection ended before the answer' }
      : { reason: 'truncated', detail: 'the connection ended within the body' };
  }
  const words = openSslReason(messageOf(cause)) ?? messageOf(cause);
  const detail = code === '' ? words : `${code}: ${words}`;
  const reason =
    REASON_OF_CODE[code] ??
    REASON_OF_PREFIX.find(([prefix]) => code.startsWith(prefix))?.[1] ??
    'bad_response';
  return { reason, detail };
}

/** OpenSSL's messages begin with the number of a thread: `80CC…:error:0A00010B:SSL routines:FUNCTION:REASON:FILE:`. */
function openSslReason(message: string): string | undefined {
  return /:error:[0-9A-F]+:[^:]*:[^:]*:([^:]+):/.exec(message)?.[1];
}

/** True for failures that asking again cannot mend: the name servers say there is no such name. */
export function isLasting(error: unknown): boolean {
  const code = systemCode(innermost(error));
  return code === 'ENOTFOUND' || code === 'ENODATA';
}

/** Why an answer with this status is no use; undefined for those that carry the whole resource. */
export function classifyStatus(status: number): Loss | undefined {
  const detail = `HTTP ${status}`;
  if (status === 429) return { reason: 'http_too_many_requests', detail };
  if (status === 408) return { reason: 'timeout', detail };
  if (status >= 500) return { reason: 'http_server_error', detail };
  if (status >= 400) return { reason: 'http_client_error', detail };
  // Nothing was asked that 204, 205, 206 or a redirect without a target would answer.
  if (status < 200 || status >= 300 || [204, 205, 206].includes(status)) {
    return { reason: 'bad_response', detail };
  }
  return undefined;
}

/** Connecting to several addresses fails with all their errors; the first tells enough. */
function innermost(error: unknown): unknown {
  return error instanceof AggregateError && error.errors.length > 0 ? error.errors[0] : error;
}

/** The total time for an answer ran out. */
export class TimeoutError extends Error {
  readonly code = 'WIT_TIMEOUT';
}

/** More bytes than the limit, before or after decompression. */
export class TooManyBytesError extends Error {
  readonly code = 'WIT_TOO_MANY_BYTES';
}
