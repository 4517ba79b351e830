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

function chunk(name: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(name, 'latin1'), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
}
