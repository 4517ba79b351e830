import { errors } from 'undici';
import { describe, expect, it } from 'vitest';
import { classifyError, classifyStatus } from '../../../src/crawl/net/errors.js';

const coded = (code: string) => Object.assign(new Error('what happened'), { code });

describe('classifyError', () => {
  it.each([
    [coded('ENOTFOUND'), 'dns'],
    [coded('EAI_AGAIN'), 'dns'],
    [coded('ECONNREFUSED'), 'connect'],
    [coded('EHOSTUNREACH'), 'connect'],
    [coded('ECONNRESET'), 'reset'],
    [coded('CERT_HAS_EXPIRED'), 'tls'],
    [coded('DEPTH_ZERO_SELF_SIGNED_CERT'), 'tls'],
    [coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'tls'],
    [coded('HPE_INVALID_CONSTANT'), 'bad_response'],
    [new errors.ConnectTimeoutError('x'), 'timeout'],
    [new errors.HeadersTimeoutError('x'), 'timeout'],
    [new errors.BodyTimeoutError('x'), 'timeout'],
    [new errors.HeadersOverflowError('x'), 'bad_response'],
    [new errors.SocketError('other side closed', null as never), 'reset'],
    [new Error('never seen before'), 'bad_response'],
    ['not even an error', 'bad_response'],
  ])('%s → %s', (error, reason) => {
    expect(classifyError(error, 'head').reason).toBe(reason);
  });

  it('looks inside errors that wrap others', () => {
    const wrapped = new Error('request failed', { cause: coded('ECONNREFUSED') });
    expect(classifyError(wrapped, 'head').reason).toBe('connect');
    const many = new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')]);
    expect(classifyError(many, 'head')).toEqual({
      reason: 'connect',
      detail: 'ECONNREFUSED: what happened',
    });
  });

  it('calls a connection that ends within the body truncated', () => {
    const closed = new errors.SocketError('other side closed', null as never);
    const truncated = { reason: 'truncated', detail: 'the connection ended within the body' };
    // Whether a reset or an end is seen depends on whether data came with it.
    for (const error of [closed, coded('ECONNRESET'), coded('HPE_INVALID_EOF_STATE')]) {
      expect(classifyError(error, 'body')).toEqual(truncated);
    }
    const reset = { reason: 'reset', detail: 'the connection ended before the answer' };
    for (const error of [closed, coded('ECONNRESET'), coded('EPIPE')]) {
      expect(classifyError(error, 'head')).toEqual(reset);
    }
  });

  it('says the same of the same trouble, whatever thread it came from', () => {
    const words = (thread: string) =>
      `${thread}:error:0A00010B:SSL routines:ssl3_get_record:wrong version number:../ssl3_record.c:350:\n`;
    for (const message of [
      words('80CCE12B5E7F0000'),
      `write EPROTO ${words('80DC02C28C7F0000')}`,
    ]) {
      const error = Object.assign(new Error(message), { code: 'EPROTO' });
      expect(classifyError(error, 'head')).toEqual({
        reason: 'tls',
        detail: 'EPROTO: wrong version number',
      });
    }
  });
});

describe('classifyStatus', () => {
  it.each([
    [200, undefined],
    [203, undefined],
    [204, 'bad_response'],
    [206, 'bad_response'],
    [304, 'bad_response'],
    [400, 'http_client_error'],
    [404, 'http_client_error'],
    [408, 'timeout'],
    [410, 'http_client_error'],
    [429, 'http_too_many_requests'],
    [500, 'http_server_error'],
    [503, 'http_server_error'],
  ])('%i → %s', (status, reason) => {
    expect(classifyStatus(status)?.reason).toBe(reason);
  });
});
