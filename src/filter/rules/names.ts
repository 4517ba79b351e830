/**
 * Names and addresses that machines give. All patterns are anchored and take linear time: no repeated
 * group can match the same characters in two ways.
 */

import { type Caption, defineRule, excerpt } from './rule.js';

const IMAGE_EXTENSION = /\.(?:jpe?g|jfif|png|gif|webp|bmp|tiff?|svg|avif|heic|ico)$/i;
const NUMBERING = String.raw`\(?\d[\d\s_().:~-]*`;
const MACHINE_NAMES: readonly RegExp[] = [
  // IMG_1234, DSC00012, image001, photo (2), IMG-20190101-WA0007, _MG_1234, MVIMG_20190101_113957
  new RegExp(
    `^_?(?:img|image|imag|imgp|cimg|mvimg|mg|dsc[a-z]?|pict?|photo|scan|untitled|wp|pxl|vid|mvi|gopr)[\\s_-]*${NUMBERING}(?:wa\\d+|hdr|edited|copy)?$`,
    'i',
  ),
  // P1010023, SAM_0042: prefixes that are words too, so only with many digits.
  /^(?:p|sam)_?\d{4,8}$/i,
  // Screenshot 2019-01-01 at 11.39.57 PM, WhatsApp Image 2019-01-01 at 11.39.57
  new RegExp(
    `^(?:screen[\\s_-]?shot|whatsapp (?:image|video))[\\s_-]*(?:from )?${NUMBERING}(?:at ${NUMBERING})?(?:[ap]m)?$`,
    'i',
  ),
  // 20160716_113957
  /^(?:19|20)\d{6}[\s_-]?\d{4}[\d\s_-]*$/,
  // Hexadecimal digests and UUIDs
  /^(?=.*\d)(?:[0-9a-f]{16,}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i,
  // Identifiers: long, of letters in both cases and digits
  /^(?=.*\d)(?=.*[a-z])(?=.*[A-Z])[A-Za-z0-9_]{20,}$/,
];
const ADDRESSES: readonly RegExp[] = [
  // https://…, www.…
  /^(?:(?:https?|file|data|javascript):|www\.)\S+$/i,
  // example.com/…
  /^[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}\/\S*$/i,
  // /images/…, ../images/…
  /^\.{0,2}\/{1,2}[^\s/]+\/\S*$/,
];

function isFileName(text: string): boolean {
  const stem = text.replace(IMAGE_EXTENSION, '');
  // One word with the extension of an image is a name, whatever the word.
  if (stem !== text && !/\s/.test(stem)) return true;
  return MACHINE_NAMES.some((pattern) => pattern.test(stem));
}

interface Found {
  readonly text: string;
  readonly found: boolean;
}

export const address = defineRule<Caption, Found>({
  name: 'address',
  version: 1,
  reason: 'url_text',
  drops: 'captions that are a URL or a path',
  settings: ['dropAddresses'],
  limit: ({ dropAddresses }) => (dropAddresses ? 'no address' : undefined),
  measure: ({ text }) => ({ text, found: ADDRESSES.some((pattern) => pattern.test(text)) }),
  passes: ({ found }) => !found,
  words: ({ text, found }) => (found ? excerpt(text) : 'none'),
});

export const fileName = defineRule<Caption, Found>({
  name: 'file-name',
  version: 1,
  reason: 'filename_text',
  drops: 'captions that are the name that a camera, a program or a server gave the file',
  settings: ['dropFileNames'],
  limit: ({ dropFileNames }) => (dropFileNames ? 'no file name' : undefined),
  measure: ({ text }) => ({ text, found: isFileName(text) }),
  passes: ({ found }) => !found,
  words: ({ text, found }) => (found ? excerpt(text) : 'none'),
});
