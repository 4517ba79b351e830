/**
 * The bytes of a page as text: byte order mark, then the Content-Type header, then the page's own
 * `<meta charset>`, then UTF-8 if the bytes are valid UTF-8, then windows-1252 (HTML standard §13.2.3,
 * with the check for UTF-8 in place of a guess from the reader's language).
 */

import { TextDecoder } from 'node:util';

/** §13.2.3.2: the declaration must stand in the first 1024 bytes. */
const PRESCAN_BYTES = 1_024;

/** Decodes `body`; `contentType` is the header's whole value. Never throws. */
export function decodeHtml(body: Buffer, contentType: string): string {
  const label = fromBom(body) ?? fromHeader(contentType) ?? fromMeta(body);
  const declared = label === undefined ? undefined : decoder(label);
  if (declared !== undefined) return declared.decode(body);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return new TextDecoder('windows-1252').decode(body);
  }
}

function fromBom(body: Buffer): string | undefined {
  if (body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf) return 'utf-8';
  if (body[0] === 0xfe && body[1] === 0xff) return 'utf-16be';
  if (body[0] === 0xff && body[1] === 0xfe) return 'utf-16le';
  return undefined;
}

function fromHeader(contentType: string): string | undefined {
  return /;\s*charset\s*=\s*"?([^\s";]+)/i.exec(contentType)?.[1];
}

function fromMeta(body: Buffer): string | undefined {
  const start = body.subarray(0, PRESCAN_BYTES).toString('latin1');
  const label = /<meta\s[^>]{0,400}?charset\s{0,9}=\s{0,9}["']?\s{0,9}([^\s"'/>;]+)/i.exec(
    start,
  )?.[1];
  // A page that this could be read from is not UTF-16, whatever it says.
  return label !== undefined && /^utf-?16/i.test(label) ? 'utf-8' : label;
}

function decoder(label: string): TextDecoder | undefined {
  try {
    return new TextDecoder(label);
  } catch {
    return undefined;
  }
}
