import { crc32, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { filterSchema, shardSchema } from '../../src/config.js';
import type { Reason } from '../../src/core/reasons.js';
import { hamming } from '../../src/filter/dhash.js';
import { type NormalisedImage, normaliseImage } from '../../src/filter/image.js';
import { emojiSvg } from './emoji.js';

type Kept = Extract<NormalisedImage, { ok: true }>;

const normalise = (bytes: Buffer, filter: object = {}, shard: object = {}) =>
  normaliseImage(bytes, filterSchema.parse(filter), shardSchema.parse(shard));

async function kept(image: Buffer | Sharp, filter: object = {}, shard: object = {}): Promise<Kept> {
  const bytes = Buffer.isBuffer(image) ? image : await image.toBuffer();
  const result = await normalise(bytes, filter, shard);
  if (!result.ok) throw new Error(`${result.loss.reason}: ${result.loss.detail}`);
  return result;
}

async function reasonOf(image: Buffer | Sharp, filter: object = {}): Promise<Reason | undefined> {
  const result = await normalise(Buffer.isBuffer(image) ? image : await image.toBuffer(), filter);
  return result.ok ? undefined : result.loss.reason;
}

type Rgb = readonly [number, number, number];
const RED: Rgb = [220, 30, 20];
const BLUE: Rgb = [10, 40, 200];

const plain = (width: number, height: number, [r, g, b]: Rgb): Sharp =>
  sharp({ create: { width, height, channels: 3, background: { r, g, b } } });

/** The left half red, the right half blue, as PNG. */
async function halves(width = 300, height = 200): Promise<Buffer> {
  const right = await plain(Math.floor(width / 2), height, BLUE)
    .png()
    .toBuffer();
  const left = Math.ceil(width / 2);
  return await plain(width, height, RED)
    .composite([{ input: right, left, top: 0 }])
    .png()
    .toBuffer();
}

/** The colour at a place given in shares of width and height. */
async function colourAt({ image }: Kept, x: number, y: number): Promise<number[]> {
  const { data, info } = await sharp(image).raw().toBuffer({ resolveWithObject: true });
  expect(info.channels).toBe(3);
  const at = (Math.floor(y * info.height) * info.width + Math.floor(x * info.width)) * 3;
  return [...data.subarray(at, at + 3)];
}

function expectNear(colour: readonly number[], expected: Rgb, tolerance = 6): void {
  for (const [channel, level] of expected.entries()) {
    expect(Math.abs((colour[channel] as number) - level)).toBeLessThanOrEqual(tolerance);
  }
}

/** A valid one-bit PNG of any size, by the PNG specification: 50 kB for 400 megapixels. */
function blackPng(width: number, height: number): Buffer {
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, checksum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    checksum.writeUInt32BE(crc32(body));
    return Buffer.concat([length, body, checksum]);
  };
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.writeUInt8(1, 8);
  const rows = deflateSync(Buffer.alloc((1 + Math.ceil(width / 8)) * height), { level: 1 });
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
    chunk('IHDR', header),
    chunk('IDAT', rows),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

describe('normaliseImage, what it stores', () => {
  it('shrinks the short side, keeps the shape, and never enlarges', async () => {
    const sizes = async (width: number, height: number) => {
      const result = await kept(await halves(width, height));
      const stored = await sharp(result.image).metadata();
      expect([stored.width, stored.height]).toEqual([result.width, result.height]);
      expect([result.originalWidth, result.originalHeight]).toEqual([width, height]);
      return [result.width, result.height];
    };
    expect(await sizes(1024, 768)).toEqual([341, 256]);
    expect(await sizes(768, 1024)).toEqual([256, 341]);
    expect(await sizes(256, 256)).toEqual([256, 256]);
    expect(await sizes(300, 200)).toEqual([300, 200]);
    expect(await sizes(33, 97)).toEqual([33, 97]);
  });

  it.each([
    ['png', (image: Sharp) => image.png()],
    ['a palette', (image: Sharp) => image.png({ palette: true })],
    ['16 bits', (image: Sharp) => image.toColourspace('rgb16').png()],
    ['jpeg', (image: Sharp) => image.jpeg()],
    ['a progressive jpeg', (image: Sharp) => image.jpeg({ progressive: true })],
    ['webp', (image: Sharp) => image.webp()],
    ['gif', (image: Sharp) => image.gif()],
    ['avif', (image: Sharp) => image.avif({ quality: 90 })],
    ['tiff, asked for', (image: Sharp) => image.tiff({ quality: 95 }), ['tiff']],
  ] as const)('reads %s', async (_name, encode, formats?: readonly string[]) => {
    const result = await kept(encode(sharp(await halves())), formats && { formats });
    expectNear(await colourAt(result, 0.25, 0.5), RED, 12);
    expectNear(await colourAt(result, 0.75, 0.5), BLUE, 12);
  });

  it('reads grey of 8 and 16 bits, with and without transparency, as three equal channels', async () => {
    const image = sharp(await halves());
    for (const grey of [
      image.clone().toColourspace('b-w').png(),
      image.clone().toColourspace('grey16').png(),
      image.clone().ensureAlpha().toColourspace('b-w').png(),
      image.clone().toColourspace('b-w').jpeg(),
    ]) {
      const [r, g, b] = await colourAt(await kept(grey), 0.25, 0.5);
      expect(new Set([r, g, b]).size).toBe(1);
      expect(r).toBeGreaterThan(60);
      expect(r).toBeLessThan(120);
    }
  });

  it('reads CMYK and other colour profiles as sRGB', async () => {
    const cmyk = await kept(
      sharp(await halves())
        .toColourspace('cmyk')
        .jpeg({ quality: 95 }),
    );
    const [r, g, b] = (await colourAt(cmyk, 0.25, 0.5)) as [number, number, number];
    // Inks do not reach every colour of screens.
    expect(r).toBeGreaterThan(170);
    expect(Math.max(g, b)).toBeLessThan(90);
    const wide = await kept(
      sharp(await halves())
        .withIccProfile('p3')
        .jpeg({ quality: 95 }),
    );
    expectNear(await colourAt(wide, 0.25, 0.5), RED);
  });

  it('applies EXIF orientation, and stores no metadata', async () => {
    const upright = await sharp(await halves())
      .jpeg()
      .toBuffer();
    for (let orientation = 1; orientation <= 8; orientation++) {
      const result = await kept(sharp(upright).withMetadata({ orientation }).jpeg());
      const turned = orientation >= 5;
      const size = turned ? [200, 300] : [300, 200];
      expect([result.width, result.height]).toEqual(size);
      expect([result.originalWidth, result.originalHeight]).toEqual(size);
      // Where the left half goes: EXIF 2.3, tag 0x0112.
      const redFirst = [1, 4, 5, 6].includes(orientation);
      const first = await colourAt(result, turned ? 0.5 : 0.2, turned ? 0.2 : 0.5);
      expectNear(first, redFirst ? RED : BLUE);
      const { exif, icc, xmp, orientation: stored } = await sharp(result.image).metadata();
      expect([exif, icc, xmp, stored]).toEqual([undefined, undefined, undefined, undefined]);
    }
  });

  it('lays what is transparent on white', async () => {
    const result = await kept(sharp(emojiSvg('red-circle', 72)).png());
    expectNear(await colourAt(result, 0.02, 0.02), [255, 255, 255]);
    const half = sharp({
      create: { width: 72, height: 72, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0.5 } },
    }).composite([{ input: await plain(36, 72, RED).png().toBuffer(), left: 0, top: 0 }]);
    expectNear(await colourAt(await kept(half.png()), 0.9, 0.5), [127, 127, 127]);
  });

  it('stores the format and quality asked for', async () => {
    const image = await halves();
    for (const format of ['jpeg', 'webp', 'png'] as const) {
      const result = await kept(image, {}, { format });
      expect(result.format).toBe(format);
      expect((await sharp(result.image).metadata()).format).toBe(format);
    }
    const emoji = await sharp(emojiSvg('tiger', 256)).flatten().png().toBuffer();
    const [low, high] = [await kept(emoji, {}, { quality: 40 }), await kept(emoji)];
    expect(low.image.length).toBeLessThan(high.image.length * 0.6);
  });

  it('gives the same bytes for the same input, whatever else is under way', async () => {
    const images = await Promise.all(
      ['tiger', 'cat-face', 'red-apple', 'rocket'].map((name) =>
        sharp(emojiSvg(name, 500)).png().toBuffer(),
      ),
    );
    const alone: Kept[] = [];
    for (const image of images) alone.push(await kept(image));
    const together = await Promise.all([...images, ...images].map((image) => kept(image)));
    expect(together).toEqual([...alone, ...alone]);
  });

  it('hashes the pixels: copies are near, others far', async () => {
    const tiger = await kept(sharp(emojiSvg('tiger', 500)).png());
    const copy = await kept(sharp(emojiSvg('tiger', 400)).flatten({ background: 'white' }).jpeg());
    const cat = await kept(sharp(emojiSvg('cat-face', 500)).png());
    expect(hamming(tiger.dhash, copy.dhash)).toBeLessThanOrEqual(3);
    expect(hamming(tiger.dhash, cat.dhash)).toBeGreaterThan(30);
  });
});

describe('normaliseImage, what it refuses', () => {
  it('decodes only the formats that are asked for', async () => {
    const image = sharp(await halves());
    expect(await normalise(await image.clone().tiff().toBuffer())).toEqual({
      ok: false,
      loss: { reason: 'unsupported_format', detail: 'tiff' },
    });
    expect(await reasonOf(image.clone().gif(), { formats: ['jpeg'] })).toBe('unsupported_format');
    expect(await reasonOf(image.clone().jpeg(), { formats: ['jpeg'] })).toBeUndefined();
  });

  it('does not hand other formats to a decoder', async () => {
    const box = (type: string) => Buffer.concat([Buffer.from([0, 0, 0, 12]), Buffer.from(type)]);
    const files = {
      svg: Buffer.concat([
        Buffer.from(`<?xml version="1.0"?><!-- ${'-'.repeat(2_000)} -->`),
        emojiSvg('tiger', 100),
      ]),
      pdf: Buffer.from('%PDF-1.4\n'),
      bmp: Buffer.concat([Buffer.from('BM'), Buffer.alloc(100)]),
      ico: Buffer.from([0, 0, 1, 0, 1, 0]),
      jxl: box('JXL '),
      jp2: box('jP  '),
    };
    for (const [format, bytes] of Object.entries(files)) {
      const loss = { reason: 'unsupported_format', detail: format };
      expect(await normalise(bytes)).toEqual({ ok: false, loss });
    }
    for (const [bytes, start] of [
      [Buffer.from('<!doctype html><html><svg></svg></html>'), '<!doctype html><'],
      [Buffer.from('not an image'), 'not an image'],
      [Buffer.from([0x89, 0x50]), '\u0089P'],
      [Buffer.alloc(0), ''],
    ] as const) {
      const loss = {
        reason: 'undecodable',
        detail: `no image: begins with ${JSON.stringify(start)}`,
      };
      expect(await normalise(bytes)).toEqual({ ok: false, loss });
    }
  });

  it('loses what is longer than the stored format can be', async () => {
    const tall = await halves(2, 20_000);
    const filter = { preset: 'none' };
    expect(await normalise(tall, filter, { format: 'webp' })).toEqual({
      ok: false,
      loss: { reason: 'aspect_ratio', detail: '2×20000, more than webp can hold' },
    });
    expect((await kept(tall, filter)).height).toBe(20_000);
  });

  it('calls damaged files undecodable, in the same words whatever else is decoded', async () => {
    const png = await sharp(emojiSvg('tiger', 200)).png().toBuffer();
    const webp = await sharp(png).webp().toBuffer();
    const jpeg = await sharp(png).flatten().jpeg().toBuffer();
    const damaged = Buffer.from(jpeg);
    // A marker in the middle of the picture that belongs to none.
    damaged.set([0xff, 0xc1, 0x00, 0x01], Math.floor(jpeg.length / 2));
    const files = Object.entries({ png, webp, jpeg }).flatMap(([format, whole]) =>
      [0.1, 0.5, 0.9].map((share) => {
        const detail = `${format}, damaged or cut off`;
        const bytes = whole.subarray(0, Math.floor(whole.length * share));
        return { bytes, lost: { ok: false, loss: { reason: 'undecodable', detail } } };
      }),
    );
    for (const { bytes, lost } of files) expect(await normalise(bytes)).toEqual(lost);
    const crowd = Array.from({ length: 20 }, () => files).flat();
    const results = await Promise.all(crowd.map(({ bytes }) => normalise(bytes)));
    expect(results).toEqual(crowd.map(({ lost }) => lost));
    expect(await reasonOf(damaged)).toBe('undecodable');
    const heic = Buffer.concat([
      Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic'),
      Buffer.alloc(99),
    ]);
    expect(await reasonOf(heic)).toBe('undecodable');
  });

  it('calls moving pictures animated, however encoded', async () => {
    const frames = [await halves(64, 64), await plain(64, 64, BLUE).png().toBuffer()];
    const moving = sharp(frames, { join: { animated: true } });
    expect(await reasonOf(moving.clone().gif())).toBe('animated');
    expect(await reasonOf(moving.clone().webp())).toBe('animated');
    expect(await reasonOf(sharp(frames[0]).gif())).toBeUndefined();
    const first = await kept(moving.clone().gif(), { animation: 'first-frame' });
    expect([first.width, first.height]).toEqual([64, 64]);
    expectNear(await colourAt(first, 0.25, 0.5), RED, 12);
    expectNear(await colourAt(first, 0.75, 0.5), BLUE, 12);
  });

  it('refuses bombs by their header alone', async () => {
    const bomb = blackPng(20_000, 20_000);
    const start = performance.now();
    const result = await normalise(bomb);
    // Decoding would take seconds and 400 MB.
    expect(performance.now() - start).toBeLessThan(500);
    expect(result).toEqual({
      ok: false,
      loss: { reason: 'too_many_pixels', detail: '20000×20000' },
    });
    expect(await reasonOf(await halves(300, 200), { maxPixels: 60_000 })).toBeUndefined();
    expect(await reasonOf(await halves(300, 200), { maxPixels: 59_999 })).toBe('too_many_pixels');
  });

  it('refuses by side, shape and blankness, up to the limits set', async () => {
    expect(await reasonOf(await halves(32, 40))).toBeUndefined();
    expect(await reasonOf(await halves(31, 40))).toBe('image_too_small');
    expect(await reasonOf(await halves(40, 31))).toBe('image_too_small');
    expect(await reasonOf(await halves(300, 100))).toBeUndefined();
    expect(await reasonOf(await halves(301, 100))).toBe('aspect_ratio');
    expect(await reasonOf(await halves(100, 301))).toBe('aspect_ratio');
    expect(await reasonOf(await halves(100, 301), { maxAspectRatio: 4 })).toBeUndefined();
    expect(await reasonOf(plain(64, 64, RED).png())).toBe('blank');
    const clear = { r: 0, g: 0, b: 0, alpha: 0 };
    const nothing = sharp({ create: { width: 64, height: 64, channels: 4, background: clear } });
    expect(await reasonOf(nothing.png())).toBe('blank');
    const faint = (step: number) =>
      plain(64, 64, [100, 100, 100]).composite([
        {
          input: {
            create: {
              width: 32,
              height: 64,
              channels: 3,
              background: { r: 100, g: 100, b: 100 + step },
            },
          },
          left: 0,
          top: 0,
        },
      ]);
    expect(await reasonOf(faint(8).png())).toBe('blank');
    expect(await reasonOf(faint(9).png())).toBeUndefined();
    expect(await reasonOf(faint(9).png(), { blankRange: 9 })).toBe('blank');
  });
});
