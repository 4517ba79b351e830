import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
import { filterSchema, shardSchema } from '../../src/config.js';
import { normaliseImage } from '../../src/filter/image.js';

const shard = shardSchema.parse({});
const asked = filterSchema.parse({ formats: ['svg'], maxDecodeMs: 2_000 });

const normalise = (svg: string) => normaliseImage(Buffer.from(svg), asked, shard);

/** Half green, half `inner`. */
const drawing = (inner: string, prolog = '', size = 'width="100" height="80"') =>
  `${prolog}<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" ${size}>
  <rect width="100" height="80" fill="white"/><rect width="50" height="80" fill="green"/>${inner}</svg>`;

/** The colour in the middle of the right half. */
async function inner(svg: string): Promise<number[]> {
  const result = await normalise(svg);
  if (!result.ok) throw new Error(result.loss.detail);
  const { data, info } = await sharp(result.image).raw().toBuffer({ resolveWithObject: true });
  const at = (Math.floor(info.height / 2) * info.width + Math.floor(info.width * 0.75)) * 3;
  return [...data.subarray(at, at + 3)];
}

describe('SVG, asked for', () => {
  it('is drawn at its own size', async () => {
    const result = await normalise(drawing('<circle cx="75" cy="40" r="20" fill="red"/>'));
    expect(result).toMatchObject({ ok: true, originalWidth: 100, originalHeight: 80 });
    expect(
      (await inner(drawing('<circle cx="75" cy="40" r="20" fill="red"/>')))[0],
    ).toBeGreaterThan(220);
  });

  it('loads nothing, neither files nor from the network', async () => {
    const asked: string[] = [];
    const server = createServer((req, res) => {
      asked.push(String(req.url));
      res.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const folder = mkdtempSync(join(tmpdir(), 'wit-svg-'));
    onTestFinished(() => {
      server.close();
      rmSync(folder, { recursive: true });
    });
    const red = sharp({ create: { width: 50, height: 50, channels: 3, background: 'red' } });
    const png = await red.png().toBuffer();
    const file = join(folder, 'red.png');
    writeFileSync(file, png);
    const web = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const image = (url: string) =>
      `<image href="${url}" xlink:href="${url}" x="50" width="50" height="80"/>`;
    for (const url of [file, `file://${file}`, `${web}/red.png`, `${web.slice(5)}/red.png`]) {
      expect(await inner(drawing(image(url))), url).toEqual([255, 255, 255]);
    }
    // An image within the drawing is drawn, so the places above were right.
    const data = `data:image/png;base64,${png.toString('base64')}`;
    expect((await inner(drawing(image(data))))[0]).toBeGreaterThan(220);
    for (const [part, prolog] of [
      [`<style>@import url("${web}/a.css");</style>`, ''],
      [`<rect x="50" width="50" height="80" fill="url(${web}/b.svg#c)"/>`, ''],
      [`<use href="${web}/d.svg#e"/>`, ''],
      ['', `<?xml-stylesheet href="${web}/f.css" type="text/css"?>`],
      ['', `<!DOCTYPE svg SYSTEM "${web}/g.dtd">`],
      [`<script href="${web}/h.js">fetch("${web}/i")</script>`, ''],
      [
        `<text><xi:include xmlns:xi="http://www.w3.org/2001/XInclude" href="${web}/j" parse="text"/></text>`,
        '',
      ],
    ] as const) {
      await normalise(drawing(part, prolog));
    }
    const entity = `<!DOCTYPE svg [<!ENTITY x SYSTEM "file:///etc/passwd">]>`;
    expect(await normalise(drawing('<text>&x;</text>', entity))).toMatchObject({
      ok: false,
      loss: { reason: 'undecodable' },
    });
    expect(asked).toEqual([]);
  });

  it('has bounds in pixels, bytes, nesting and entities', async () => {
    const loss = async (svg: string) => {
      const result = await normalise(svg);
      return result.ok ? undefined : result.loss;
    };
    expect(await loss(drawing('', '', 'width="100000" height="100000"'))).toEqual({
      reason: 'too_many_pixels',
      detail: '100000×100000',
    });
    expect(await loss(drawing(' '.repeat(1_000_000)))).toMatchObject({
      reason: 'undecodable',
      detail: expect.stringMatching(/^svg of \d+ bytes$/),
    });
    const deep = '<g>'.repeat(10_000) + '</g>'.repeat(10_000);
    expect((await loss(drawing(deep)))?.reason).toBe('undecodable');
    const names = 'abcdefghijkl';
    const laughs = [...names].map((name, i) =>
      i === 0 ? '<!ENTITY a "ha">' : `<!ENTITY ${name} "${`&${names[i - 1]};`.repeat(10)}">`,
    );
    const bomb = drawing('<text>&l;</text>', `<!DOCTYPE svg [${laughs.join('')}]>`);
    expect((await loss(bomb))?.reason).toBe('undecodable');
  });

  it('ends when it keeps the renderer at work, and the next is drawn', async () => {
    const points = Array.from({ length: 50_000 }, (_, i) => `L${(i * 37) % 100} ${(i * 91) % 80}`);
    const endless = `<path d="M0 0${points.join('')}" stroke="blue" stroke-width="0.1" stroke-dasharray="0.01"/>`;
    const [slow, next] = await Promise.all([normalise(drawing(endless)), normalise(drawing(''))]);
    const loss = { reason: 'decode_timeout', detail: '2000 ms of CPU time' };
    expect(slow).toEqual({ ok: false, loss });
    expect(next.ok).toBe(true);
  });
});
