/**
 * Tokens and keys. They come from environment variables alone, as settings are saved with the dataset,
 * and go to `https:` or this machine alone. No message holds one.
 */

import { WitError } from '../../../core/errors.js';
import type { WebClient } from '../../net/client.js';
import { literalAddress } from '../../net/guard.js';
import type { Credentials } from './engine.js';
import { parseObject, textOf } from './json.js';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Tokens are asked for anew this long before they end, milliseconds. */
const MARGIN_MS = 60_000;

/** A bearer token from `variable`; undefined where that is not set. @throws WitError `config`. */
export function tokenFrom(
  environment: Environment,
  variable: string,
  endpoint: URL,
): Credentials | undefined {
  const token = secret(environment, variable, endpoint);
  return token === undefined ? undefined : { token: async () => token, renew: () => false };
}

export interface TokenRequests {
  readonly client: WebClient;
  /** Milliseconds, as for the engine's searches. */
  readonly delayMs: number;
  readonly maxWaitMs: number;
}

/**
 * Openverse's: a token (WIT_OPENVERSE_TOKEN), or a client's id and secret, for which a token is fetched
 * when one is needed (OAuth 2.0 client credentials, RFC 6749 §4.4). @throws WitError `config`.
 */
export function openverseCredentials(
  environment: Environment,
  endpoint: URL,
  requests: TokenRequests,
): Credentials | undefined {
  const fixed = tokenFrom(environment, 'WIT_OPENVERSE_TOKEN', endpoint);
  if (fixed !== undefined) return fixed;
  const id = secret(environment, 'WIT_OPENVERSE_CLIENT_ID', endpoint);
  const key = secret(environment, 'WIT_OPENVERSE_CLIENT_SECRET', endpoint);
  if (id === undefined && key === undefined) return undefined;
  if (id === undefined || key === undefined) {
    throw new WitError('config', 'openverse: a client id or a client secret alone is no key', {
      hint: 'Set both WIT_OPENVERSE_CLIENT_ID and WIT_OPENVERSE_CLIENT_SECRET, or neither.',
    });
  }
  const form = { grant_type: 'client_credentials', client_id: id, client_secret: key };
  return new ClientCredentials(new URL('auth_tokens/token/', endpoint).href, form, requests);
}

class ClientCredentials implements Credentials {
  readonly #url: string;
  readonly #form: Readonly<Record<string, string>>;
  readonly #requests: TokenRequests;
  #current: Promise<{ token: string; until: number }> | undefined;

  constructor(url: string, form: Readonly<Record<string, string>>, requests: TokenRequests) {
    this.#url = url;
    this.#form = form;
    this.#requests = requests;
  }

  async token(signal: AbortSignal): Promise<string> {
    for (;;) {
      this.#current ??= this.#fetch(signal);
      const asked = this.#current;
      try {
        const { token, until } = await asked;
        if (Date.now() < until) return token;
      } catch (error) {
        this.#forget(asked);
        throw error;
      }
      this.#forget(asked);
    }
  }

  renew(): boolean {
    this.#current = undefined;
    return true;
  }

  #forget(asked: Promise<unknown>): void {
    if (this.#current === asked) this.#current = undefined;
  }

  async #fetch(signal: AbortSignal): Promise<{ token: string; until: number }> {
    const { client, delayMs, maxWaitMs } = this.#requests;
    const answer = await client.api(this.#url, { signal, delayMs, maxWaitMs, form: this.#form });
    if (!answer.ok) {
      const refused = answer.status !== undefined && answer.status >= 400 && answer.status < 500;
      throw new WitError(
        refused ? 'config' : 'network',
        `openverse gives no token: ${answer.loss.reason} (${answer.loss.detail})`,
        { hint: 'Check WIT_OPENVERSE_CLIENT_ID and WIT_OPENVERSE_CLIENT_SECRET.' },
      );
    }
    const told = parseObject(answer.body);
    const token = textOf(told?.access_token);
    if (token === undefined || !/^[\x21-\x7e]+$/.test(token)) {
      throw new WitError('network', 'openverse gives no token: its answer holds none');
    }
    const seconds = typeof told?.expires_in === 'number' ? told.expires_in : 3_600;
    // A token that ends at once is still good for the request that it was fetched for.
    return { token, until: Date.now() + Math.max(1_000, seconds * 1_000 - MARGIN_MS) };
  }
}

function secret(environment: Environment, variable: string, endpoint: URL): string | undefined {
  const value = environment[variable];
  if (value === undefined || value === '') return undefined;
  if (!/^[\x21-\x7e]+$/.test(value)) {
    throw new WitError('config', `${variable} cannot stand in a header`, {
      hint: 'Tokens and keys are ASCII without spaces; look for a line break at its end.',
    });
  }
  if (endpoint.protocol !== 'https:' && !isLoopback(endpoint.hostname)) {
    throw new WitError('config', `${variable} would be sent to ${endpoint.host} in the clear`, {
      hint: 'Give the endpoint as https:, or unset the variable.',
    });
  }
  return value;
}

function isLoopback(hostname: string): boolean {
  const address = literalAddress(hostname);
  return address === undefined
    ? hostname === 'localhost'
    : address === '::1' || address.startsWith('127.');
}
