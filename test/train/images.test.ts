import sharp, { type Sharp } from 'sharp';
import { describe, expect, it } from 'vitest';
import { centreCorner, copySquare, decodeImage, randomCorner } from '../../src/train/images.js';

/** A picture whose red is its x and whose green is its y. */
function ramp(width: number, height: number): Sharp {
  const data = Buffer.alloc(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      data[(y * width + x) * 3] = x;
      data[(y * width + x) * 3 + 1] = y;
    }
  }
  return sharp(data, { raw: { width, height, channels: 3 } });
}

describe('decodeImage', () => {
  it('keeps pixels whose short side fits already', async () => {
    const { data, width, height } = await decodeImage(await ramp(50, 32).png().toBuffer(), 32);
    expect([width, height]).toEqual([50, 32]);
    expect([...data.subarray((7 * 50 + 11) * 3, (7 * 50 + 11) * 3 + 3)]).toEqual([11, 7, 0]);
  });

  it('brings the short side to the size, down or up', async () => {
    for (const [width, height, size] of [
      [100, 60, 24],
      [60, 100, 24],
      [10, 20, 24],
    ] as const) {
      const pixels = await decodeImage(await ramp(width, height).jpeg().toBuffer(), size);
      expect(Math.min(pixels.width, pixels.height)).toBe(size);
      expect(pixels.data.byteLength).toBe(pixels.width * pixels.height * 3);
    }
  });

  it('makes RGB of grey, transparent, 16-bit and turned images', async () => {
    const grey = await decodeImage(await ramp(9, 9).greyscale().png().toBuffer(), 9);
    expect(grey.data[0]).toBe(grey.data[1]);
    const clear = { r: 10, g: 20, b: 30, alpha: 0 };
    const create = { width: 8, height: 8, channels: 4 as const, background: clear };
    const white = await decodeImage(await sharp({ create }).png().toBuffer(), 8);
    expect(new Set(white.data)).toEqual(new Set([255]));
    const deep = await ramp(8, 8).toColourspace('rgb16').png().toBuffer();
    expect((await decodeImage(deep, 8)).data.byteLength).toBe(8 * 8 * 3);
    const turned = await ramp(20, 10).withMetadata({ orientation: 6 }).jpeg().toBuffer();
    const { width, height } = await decodeImage(turned, 10);
    expect([width, height]).toEqual([10, 20]);
  });

  it('rejects what is damaged or no image', async () => {
    const jpeg = await ramp(200, 200).jpeg().toBuffer();
    await expect(decodeImage(jpeg.subarray(0, jpeg.length / 2), 32)).rejects.toThrow();
    await expect(decodeImage(Buffer.from('not an image'), 32)).rejects.toThrow();
  });
});

describe('squares', () => {
  it('lie inside the image, reach both ends, and depend on (seed, epoch, position) alone', () => {
    const pixels = { data: new Uint8Array(0), width: 12, height: 8 };
    const seen = new Set<number>();
    for (let position = 0; position < 200; position++) {
      const corner = randomCorner(pixels, 8, 1, 0, position);
      expect(corner).toEqual(randomCorner(pixels, 8, 1, 0, position));
      expect(corner.y).toBe(0);
      seen.add(corner.x);
    }
    expect([...seen].sort()).toEqual([0, 1, 2, 3, 4]);
  });

  it('are copied row by row', async () => {
    const pixels = await decodeImage(await ramp(40, 30).png().toBuffer(), 30);
    const into = new Uint8Array(2 * 30 * 30 * 3);
    copySquare(pixels, { x: 6, y: 0 }, 30, into, 30 * 30 * 3);
    const at = (x: number, y: number): number[] => {
      const start = 30 * 30 * 3 + (y * 30 + x) * 3;
      return [...into.subarray(start, start + 3)];
    };
    expect(at(0, 0)).toEqual([6, 0, 0]);
    expect(at(29, 29)).toEqual([35, 29, 0]);
    expect(centreCorner(pixels, 30)).toEqual({ x: 5, y: 0 });
  });
});
