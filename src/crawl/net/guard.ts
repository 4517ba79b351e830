/**
 * Which URLs and addresses a crawl may connect to. Pages are written by strangers, so a link may
 * point at the crawler's own machine, its network, or a cloud's metadata service. Two checks close
 * that door on every hop, redirects included:
 *
 * - the URL, where an address stands in it in any spelling (`2130706433`, `0x7f.1`, `[::ffff:7f00:1]`:
 *   WHATWG URL parsing brings them all to one form). It must be checked here because undici asks no
 *   lookup function about literal addresses.
 * - every address a name resolves to, at the moment of connecting (connect.ts), so that a name whose
 *   answer changes between check and use gains nothing.
 */

import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Loss } from '../../core/reasons.js';

/** Longer URLs are traps or errors; servers commonly refuse them. */
export const MAX_URL_LENGTH = 8_192;

/** The "bad ports" of the Fetch standard, §2.9: services that are not HTTP. */
const BAD_PORTS = new Set([
  0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101, 102,
  103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427, 465,
  512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990, 993,
  995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668,
  6669, 6679, 6697, 10080,
]);

/** Public by the registries, but a cloud's own service on its machines (Azure's wire server). */
const CLOUD_SERVICE_ADDRESSES = new Set(['168.63.129.16']);

/**
 * True when `address` (an IP literal without brackets) is a public unicast address.
 * IPv6: global unicast, 2000::/3, less the special ranges in it; IPv4-mapped and NAT64 (64:ff9b::/96)
 * addresses are judged by the IPv4 address inside; everything else (compatible, translated, 6to4,
 * Teredo, site-local, …) is refused.
 */
export function isPublicAddress(address: string): boolean {
  switch (isIP(address)) {
    case 4:
      return isPublicV4(ipaddr.IPv4.parse(address));
    case 6: {
      // ipaddr.js reads ::8.8.8.8 (compatible) as ::ffff:8.8.8.8 (mapped); the URL standard's
      // spelling has no dots. It has no zones either: a scoped address is never global.
      const plain = parseUrl(`http://[${address}]/`)?.hostname.slice(1, -1);
      return plain !== undefined && isPublicV6(ipaddr.IPv6.parse(plain));
    }
    default:
      return false;
  }
}

function isPublicV4(address: ipaddr.IPv4): boolean {
  return address.range() === 'unicast' && !CLOUD_SERVICE_ADDRESSES.has(address.toString());
}

function isPublicV6(address: ipaddr.IPv6): boolean {
  if (address.isIPv4MappedAddress()) return isPublicV4(address.toIPv4Address());
  const groups = address.parts as [number, number, number, number, number, number, number, number];
  const isNat64 = groups[0] === 0x64 && groups[1] === 0xff9b && groups.slice(2, 6).every((g) => !g);
  if (isNat64) {
    const [high, low] = [groups[6], groups[7]];
    return isPublicV4(new ipaddr.IPv4([high >> 8, high & 255, low >> 8, low & 255]));
  }
  return (groups[0] & 0xe000) === 0x2000 && address.range() === 'unicast';
}

/** `text` as the URL standard reads it, against `base` where given; undefined when it is no URL. */
export function parseUrl(text: string, base?: string | URL): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}

/** The host of a URL as an IP address without brackets, or undefined when it is a name. */
export function literalAddress(hostname: string): string | undefined {
  const bare = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname;
  return isIP(bare) === 0 ? undefined : bare;
}

/** Says which addresses may be connected to; takes IP literals without brackets. */
export type AddressPolicy = (address: string) => boolean;

/** For operators who crawl their own machines. */
export const anyAddress: AddressPolicy = () => true;

/** Why `url` may not be requested at all; undefined when it may, as far as the URL tells. */
export function refuseUrl(url: URL, allowed: AddressPolicy): Loss | undefined {
  if (url.protocol !== 'http:' && url.protocol !== 'https:') {
    return { reason: 'bad_url', detail: `${url.protocol} is neither http: nor https:` };
  }
  if (url.username !== '' || url.password !== '') {
    return { reason: 'bad_url', detail: 'the URL carries a user name or password' };
  }
  if (url.href.length > MAX_URL_LENGTH) {
    return { reason: 'bad_url', detail: `${url.href.length} characters long` };
  }
  if (url.port !== '' && BAD_PORTS.has(Number(url.port))) {
    return { reason: 'bad_url', detail: `port ${url.port} belongs to another service than HTTP` };
  }
  const address = literalAddress(url.hostname);
  if (address !== undefined && !allowed(address)) {
    return { reason: 'private_address', detail: `${address} is not a public address` };
  }
  return undefined;
}

/** A connection that the guard refused; becomes the loss `private_address`. */
export class PrivateAddressError extends Error {
  readonly code = 'WIT_PRIVATE_ADDRESS';
}
