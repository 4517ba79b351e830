/**
 * How connections are made: `--connect-to` rules first, then names through the DNS cache, and the
 * guard on every address that a socket is about to connect to.
 */

import type { LookupAddress } from 'node:dns';
import { buildConnector } from 'undici';
import { WitError } from '../../core/errors.js';
import type { DnsCache } from './dns.js';
import { type AddressPolicy, literalAddress, PrivateAddressError } from './guard.js';

/** Send connections for `host:port` to `toHost:toPort`; an undefined half matches or keeps any. */
export interface ConnectTo {
  readonly host: string | undefined;
  readonly port: string | undefined;
  readonly toHost: string | undefined;
  readonly toPort: string | undefined;
}

const RULE =
  /^(?<host>\[[^\]]*\]|[^:[\]]*):(?<port>\d*):(?<toHost>\[[^\]]*\]|[^:[\]]*):(?<toPort>\d*)$/;

/**
 * Parses one rule with curl's `--connect-to` grammar: `HOST:PORT:TO_HOST:TO_PORT`, IPv6 in brackets.
 * @throws WitError `config` naming the rule.
 */
export function parseConnectTo(rule: string): ConnectTo {
  const parts = RULE.exec(rule)?.groups;
  if (parts === undefined) {
    throw new WitError('config', `connectTo: cannot read ${JSON.stringify(rule)}`, {
      hint: 'Write HOST:PORT:TO_HOST:TO_PORT; HOST and PORT may be empty to match any.',
    });
  }
  const given = (part: string | undefined) => (part ? part.toLowerCase() : undefined);
  return {
    host: given(parts.host),
    port: given(parts.port),
    toHost: given(parts.toHost),
    toPort: given(parts.toPort),
  };
}

/** Where a connection for `host:port` goes; the first rule that matches decides. */
export function applyConnectTo(
  rules: readonly ConnectTo[],
  host: string,
  port: string,
): { host: string; port: string } {
  const rule = rules.find(
    (r) => (r.host === undefined || r.host === host) && (r.port === undefined || r.port === port),
  );
  return { host: rule?.toHost ?? host, port: rule?.toPort ?? port };
}

/** True when the rules send every host to this machine, so that no stranger is ever asked. */
export function staysOnLoopback(rules: readonly ConnectTo[]): boolean {
  const toLoopback = (rule: ConnectTo) => {
    const address = literalAddress(rule.toHost ?? '');
    return address === '::1' || address?.startsWith('127.') === true;
  };
  return rules.every(toLoopback) && rules.some((r) => r.host === undefined && r.port === undefined);
}

export interface ConnectorOptions {
  readonly dns: DnsCache;
  readonly rules: readonly ConnectTo[];
  readonly allowed: AddressPolicy;
  readonly timeoutMs: number;
  /** Certificates (PEM) of authorities to trust instead of the usual ones. */
  readonly ca?: string | undefined;
}

/** The connector for undici's Agent. */
export function guardedConnector(options: ConnectorOptions): buildConnector.connector {
  const { dns, rules, allowed } = options;
  const connect = buildConnector({
    timeout: options.timeoutMs,
    ...(options.ca !== undefined && { ca: options.ca }),
    autoSelectFamily: true,
    lookup: (hostname, lookupOptions, callback) => {
      dns.resolve(hostname).then(
        (addresses) => {
          const good = addresses.filter(({ address }) => allowed(address));
          const first = good[0];
          if (first === undefined) {
            const all = addresses.map(({ address }) => address).join(', ');
            callback(new PrivateAddressError(`${hostname} resolves to ${all}, not public`), '', 0);
          } else if (lookupOptions.all) {
            callback(null, good as LookupAddress[]);
          } else {
            callback(null, first.address, first.family);
          }
        },
        (error: NodeJS.ErrnoException) => callback(error, '', 0),
      );
    },
  });
  return (request, callback) => {
    const port = request.port || (request.protocol === 'https:' ? '443' : '80');
    const target = applyConnectTo(rules, request.hostname, port);
    const address = literalAddress(target.host);
    if (address !== undefined && !allowed(address)) {
      callback(new PrivateAddressError(`${address} is not a public address`), null);
      return;
    }
    // `host` and thereby the Host header and the TLS server name stay those of the URL.
    connect({ ...request, hostname: address ?? target.host, port: target.port }, callback);
  };
}
