import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { readJpegHeader } from '../../src/filter/jpeg-header.js';
import { below, prng } from './prng.js';

const plain = (width: number, height: number): Sharp =>
  sharp({ create: { width, height, channels: 3, background: '#a83' } });

describe('readJpegHeader', () => {
  it.each([
    ['baseline', (image: Sharp) => image.jpeg()],
    ['progressive', (image: Sharp) => image.jpeg({ progressive: true })],
    ['4:4:4 with tables of its own', (image: Sharp) => image.jpeg({ chromaSubsampling: '4:4:4' })],
    ['of grey', (image: Sharp) => image.toColourspace('b-w').jpeg()],
    ['with a profile', (image: Sharp) => image.withIccProfile('p3').jpeg()],
    ['with XMP', (image: Sharp) => image.withXmp('<x:xmpmeta xmlns:x="adobe:ns:meta/"/>').jpeg()],
  ])('says of a JPEG %s what sharp says', async (_name, encode) => {
    const file = await encode(plain(123, 45)).toBuffer();
    const { width, height, space, hasProfile, exif } = await sharp(file).metadata();
    expect(exif).toBeUndefined();
    expect(readJpegHeader(file)).toEqual({ width, height, isGrey: space === 'b-w', hasProfile });
  });

  it.each([
    ['one that may be turned', (image: Sharp) => image.withMetadata({ orientation: 6 }).jpeg()],
    ['CMYK', (image: Sharp) => image.toColourspace('cmyk').jpeg()],
    ['other formats', (image: Sharp) => image.png()],
  ])('leaves %s to a decoder', async (_name, encode) => {
    expect(readJpegHeader(await encode(plain(123, 45)).toBuffer())).toBeUndefined();
  });

  it('leaves what is cut off or damaged to a decoder, and reads no further than there is', async () => {
    const file = await plain(123, 45).withIccProfile('p3').jpeg().toBuffer();
    const whole = readJpegHeader(file);
    const enough = file.findIndex((_, end) => readJpegHeader(file.subarray(0, end)) !== undefined);
    expect(enough).toBeGreaterThan(0);
    for (let end = 0; end < enough + 50; end++) {
      expect(readJpegHeader(file.subarray(0, end))).toEqual(end < enough ? undefined : whole);
    }
    const random = prng(7);
    for (let round = 0; round < 5_000; round++) {
      const damaged = Buffer.from(file.subarray(0, enough + 50));
      for (let n = 0; n < 4; n++) damaged[below(random, damaged.length)] = below(random, 256);
      const header = readJpegHeader(damaged);
      if (header !== undefined) expect(header.width * header.height).toBeGreaterThan(0);
    }
  });
});
