/** X.509 certificates (RFC 5280) made on the spot, so that TLS can be tested with good and bad ones. */

import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';

export interface Certificate {
  readonly name: string;
  /** PEM. */
  readonly cert: string;
  readonly key: KeyObject;
}

export interface CertificateOptions {
  /** The host names it is for; none: it is an authority's. */
  readonly hosts?: readonly string[];
  /** Who signs it; default: itself. */
  readonly issuer?: Certificate;
  readonly from?: Date;
  readonly until?: Date;
}

const DAY_MS = 86_400_000;

export function certificate(name: string, options: CertificateOptions = {}): Certificate {
  const { hosts = [], issuer } = options;
  const now = Date.now();
  const { from = new Date(now - DAY_MS), until = new Date(now + DAY_MS) } = options;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const ecdsaWithSha256 = tlv(0x30, oid('2a8648ce3d040302'));
  const san = tlv(0x30, ...hosts.map((host) => tlv(0x82, Buffer.from(host))));
  const isAuthority = hosts.length === 0;
  const body = tlv(
    0x30,
    tlv(0xa0, tlv(0x02, Buffer.from([2]))),
    tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    ecdsaWithSha256,
    distinguished(issuer?.name ?? name),
    tlv(0x30, time(from), time(until)),
    distinguished(name),
    publicKey.export({ type: 'spki', format: 'der' }),
    tlv(
      0xa3,
      tlv(
        0x30,
        extension('551d13', tlv(0x30, ...(isAuthority ? [tlv(0x01, Buffer.from([0xff]))] : []))),
        ...(isAuthority ? [] : [extension('551d11', san)]),
      ),
    ),
  );
  const signature = sign('sha256', body, issuer?.key ?? privateKey);
  const der = tlv(0x30, body, ecdsaWithSha256, tlv(0x03, Buffer.from([0]), signature));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  const cert = `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
  return { name, cert, key: privateKey };
}

/** One value of DER (X.690): tag, length, content. */
function tlv(tag: number, ...content: Buffer[]): Buffer {
  const bytes = Buffer.concat(content);
  const { length } = bytes;
  const head =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...head]), bytes]);
}

function oid(hex: string): Buffer {
  return tlv(0x06, Buffer.from(hex, 'hex'));
}

/** A name with nothing but a common name. */
function distinguished(name: string): Buffer {
  return tlv(0x30, tlv(0x31, tlv(0x30, oid('550403'), tlv(0x0c, Buffer.from(name)))));
}

/** GeneralizedTime. */
function time(date: Date): Buffer {
  return tlv(0x18, Buffer.from(`${date.toISOString().replace(/[-:T]|\..*/g, '')}Z`));
}

function extension(id: string, value: Buffer): Buffer {
  return tlv(0x30, oid(id), tlv(0x01, Buffer.from([0xff])), tlv(0x04, value));
}
