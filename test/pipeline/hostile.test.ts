/**
 * Nothing that comes from the web reaches a path, a terminal or a template as what it pretends to be: a
 * whole build of hostile URLs and texts, by the command line, and everything it leaves and prints.
 */

import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it, onTestFinished } from 'vitest';
import { readDataset } from '../../src/core/dataset.js';
import { readRecords } from '../../src/core/parquet/reader.js';
import { type Pair, pairFields, type Reject, rejectFields } from '../../src/core/types.js';
import { run } from '../commands/command-line.js';
import { serve } from '../crawl/support.js';

/** What a terminal obeys, a shell runs, a template or a page would take as its own. */
const TEXTS = [
  '\u001b[2J\u001b]0;owned\u0007 dog',
  '\u009b31m red dog',
  '\u202egod dog\u2066',
  '<script>alert("dog")</script>',
  '"><img src=x onerror=alert(1)> dog',
  '</script></style><svg onload=alert(1)> dog',
  '`touch owned` $(touch owned) ; touch owned | dog',
  '{{7*7}} #{7*7} <%= 7*7 %> dog',
  '---\npretty_name: owned dog\n---',
  '| table | dog |\n|---|---|',
  '=cmd|dog!A1',
  '__proto__ constructor dog',
];
const PATHS = [
  '/../../../../tmp/owned.png',
  '/..%2f..%2fowned.png',
  '/%2e%2e/%2e%2e/owned.png',
  '/a%00.png',
  '/a%0d%0aSet-Cookie:%20x=1.png',
  '/%1b%5b2J.png',
  '/;touch%20owned;.png',
  '/$(touch%20owned).png',
  '/\'"<script>.png',
  `/${'long'.repeat(1_000)}.png`,
  '/con.png',
  '/.tmp-owned.parquet',
];

const ESCAPES = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/;

async function picture(seed: number): Promise<Buffer> {
  const raw = Buffer.from(
    Array.from({ length: 8 * 8 * 3 }, (_, i) => (i * i * 7 + seed * 53 * (i % 5)) % 256),
  );
  const image = sharp(raw, { raw: { width: 8, height: 8, channels: 3 } });
  return await image.resize(96, 96, { kernel: 'nearest' }).png().toBuffer();
}

describe('a hostile web', () => {
  it('leaves no file, command or markup of its own', async () => {
    const root = await mkdtemp(join(tmpdir(), 'wit-hostile-'));
    onTestFinished(() => rm(root, { recursive: true }));
    let pictures = 0;
    const server = await serve((req, res) => {
      if (req.url?.includes('/robots.txt') || req.url?.includes('.well-known')) {
        res.writeHead(404).end();
      } else if (req.url === '/bad-type') {
        res.writeHead(200, { 'content-type': '\x9b2Jtext/<script>alert(1)</script>' }).end();
      } else {
        void picture(pictures++).then((image) =>
          res.writeHead(200, { 'content-type': 'image/png' }).end(image),
        );
      }
    });
    const home = join(root, 'home');
    const out = join(home, 'data');
    await mkdir(home);
    const rows = [
      ...PATHS.map((path, i) => ({ url: `http://a.test${path}`, caption: TEXTS[i] })),
      { url: 'http://a.test/bad-type', caption: 'a dog of a bad type' },
      { url: 'http://\u001b[2J/', caption: 'a dog \u001b[31m nowhere' },
      { url: 'file:///etc/passwd', caption: 'a dog in a file' },
      { url: 'javascript:alert(1)//dog', caption: 'a dog in a script' },
      { url: 'http://a.test/\u202egnp.x', caption: TEXTS[0] },
    ];
    await writeFile(join(home, 'list.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
    await writeFile(
      join(home, 'queries.txt'),
      'dog\n<script>alert(2)</script> dog\n\u001b[2J dog\n',
    );

    const printed: string[] = [];
    for (const json of [[], ['--json']]) {
      await rm(out, { recursive: true, force: true });
      const flags = [
        '--out',
        out,
        '--queries',
        join(home, 'queries.txt'),
        '--list',
        join(home, 'list.jsonl'),
      ];
      const settings = [
        'filter.languages=[]',
        'filter.nearDuplicateBits=-1',
        'net.perHostDelayMs=0',
      ];
      const build = await run([
        'crawl-and-build',
        ...flags,
        '--connect-to',
        `::127.0.0.1:${server.port}`,
        '--allow-private',
        ...settings.flatMap((setting) => ['--set', setting]),
        ...json,
      ]);
      expect(build.code, build.stderr).toBe(0);
      const stats = await run(['stats', out, ...json]);
      expect(stats.code, stats.stderr).toBe(0);
      printed.push(build.stdout, build.stderr, stats.stdout, stats.stderr);
    }
    for (const text of printed) expect(text).not.toMatch(ESCAPES);

    // Files: ours by name, in their folder, and nowhere else.
    expect((await readdir(root)).sort()).toEqual(['home']);
    expect((await readdir(home)).sort()).toEqual(['data', 'list.jsonl', 'queries.txt']);
    for (const name of await readdir(out, { recursive: true })) expect(name).toMatch(/^[\w/.-]+$/);

    const { manifest } = await readDataset(out);
    const pairs: Pair[] = [];
    for (const { path } of manifest.shards) {
      for await (const pair of readRecords(join(out, path), pairFields)) pairs.push(pair);
    }
    expect(pairs.length).toBeGreaterThanOrEqual(10);
    for (const { key, image } of pairs) expect(image.path).toBe(`${key}.jpg`);
    expect(pairs.map(({ text }) => text)).toContain('<script>alert("dog")</script>');
    const rejects: Reject[] = [];
    for (const name of await readdir(join(out, 'rejects'))) {
      for await (const reject of readRecords(join(out, 'rejects', name), rejectFields))
        rejects.push(reject);
    }
    const detailOf = (url: string) =>
      rejects.find(({ imageUrl }) => imageUrl === url)?.detail ?? '';
    expect(detailOf('http://a.test/bad-type')).toContain('text/<script>');
    for (const { detail } of rejects) expect(detail ?? '').not.toMatch(ESCAPES);

    // The report escapes what it shows, and runs nothing.
    const page = await readFile(join(out, 'report', 'index.html'), 'utf8');
    expect(page).toContain('&lt;script&gt;');
    expect(page).not.toMatch(/<script>alert|<img src=x|<svg onload/);
    expect(page).not.toMatch(ESCAPES);
    const card = await readFile(join(out, 'README.md'), 'utf8');
    expect(card).not.toMatch(/owned|alert/);
    expect(card).not.toMatch(ESCAPES);
  });
});
