/** Images as the real web has them and no dataset wants them: cut, moving, empty, enormous. */

import { promisify } from 'node:util';
import { crc32, deflate } from 'node:zlib';
import sharp from 'sharp';

/** The first part of a file: decoders find the header and then nothing. */
export function cut(bytes: Buffer): Buffer {
  return bytes.subarray(0, Math.floor(bytes.length * 0.6));
}

/** Two frames, one of them the picture turned around. */
export async function animated(picture: Buffer, format: 'gif' | 'webp'): Promise<Buffer> {
  const frames = [picture, await sharp(picture).flop().negate().png().toBuffer()];
  const film = sharp(frames, { join: { animated: true } });
  const timing = { loop: 0, delay: [200, 200] };
  return await (format === 'gif' ? film.gif(timing) : film.webp(timing)).toBuffer();
}

/** One colour from edge to edge. */
export async function blank(px: number): Promise<Buffer> {
  return await sharp({ create: { width: px, height: px, channels: 3, background: '#eeeeee' } })
    .png()
    .toBuffer();
}

/**
 * A black-and-white PNG of `side` by `side` pixels, all of them black: 20,000 a side are 400
 * megapixels in some 50 kB.
 */
export async function bomb(side: number): Promise<Buffer> {
  const rows = Buffer.alloc(side * (1 + Math.ceil(side / 8)));
  const pixels = await promisify<Buffer, { level: number }, Buffer>(deflate)(rows, { level: 9 });
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.writeUInt8(1, 8); // bits in a pixel; the zeros after it: grey, deflate, no interlace
  return Buffer.concat([
    Buffer.from('\x89PNG\r\n\x1a\n', 'latin1'),
    chunk('IHDR', header),
    chunk('IDAT', pixels),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

/**
 * A progressive JPEG (ITU-T T.81, annex G) of one colour, in `scans` passes, at most 883, each of a few bytes and
 * over every pixel: the decoder works for as long as they are many. Blocks are 8 by 8; a run of those without
 * coefficients is 32,767 long.
 */
export function manyScans(side: number, scans: number): Buffer {
  const blocks = Math.ceil(side / 8) ** 2;
  const frame = Buffer.from([8, 0, 0, 0, 0, 1, 1, 0x11, 0]);
  frame.writeUInt16BE(side, 1);
  frame.writeUInt16BE(side, 3);
  // Two Huffman tables of one code of one bit: the same level again, and a run with 14 bits of its length.
  const table = (id: number, value: number) =>
    segment(0xc4, Buffer.from([id, 1, ...Array(15).fill(0), value]));
  const scan = (from: number, to: number, precision: number, data: Buffer) =>
    Buffer.concat([segment(0xda, Buffer.from([1, 1, 0, from, to, precision])), data]);
  const runs = packed(`0${'1'.repeat(14)}`.repeat(Math.ceil(blocks / 32_767)));
  const parts = [scan(0, 0, 0, Buffer.alloc(Math.ceil(blocks / 8)))];
  for (let coefficient = 1; coefficient < 64; coefficient++) {
    // From the highest bit down, each once, as the standard has it.
    for (let bit = 13; bit >= 0 && parts.length < scans; bit--) {
      parts.push(scan(coefficient, coefficient, bit === 13 ? bit : ((bit + 1) << 4) | bit, runs));
    }
  }
  return Buffer.concat([
    Buffer.from([0xff, 0xd8]),
    segment(0xdb, Buffer.from([0, ...Array(64).fill(1)])),
    segment(0xc2, frame),
    table(0x00, 0x00),
    table(0x10, 0xe0),
    ...parts,
    Buffer.from([0xff, 0xd9]),
  ]);
}

function segment(marker: number, data: Buffer): Buffer {
  const length = data.length + 2;
  return Buffer.concat([Buffer.from([0xff, marker, length >> 8, length & 0xff]), data]);
}

/** Bits as entropy-coded data: filled up with ones, a zero byte after 0xff. */
function packed(bits: string): Buffer {
  const bytes = bits.padEnd(Math.ceil(bits.length / 8) * 8, '1').match(/.{8}/g) ?? [];
  return Buffer.from(
    bytes.flatMap((byte) => (byte === '11111111' ? [0xff, 0] : [Number.parseInt(byte, 2)])),
  );
}

function chunk(name: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}
