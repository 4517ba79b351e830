import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { writeSyntheticWat } from '../../../bench/synthetic-archive.js';
import { sourcesSchema } from '../../../src/config.js';
import { readDataset } from '../../../src/core/dataset.js';
import type { WitError } from '../../../src/core/errors.js';
import type { SourceResult } from '../../../src/core/source.js';
import { createCommonCrawlSource } from '../../../src/crawl/index.js';
import { start } from '../../commands/command-line.js';
import { clientFor, type Handler, never, planned, serve } from '../support.js';
import { envelope, packed, realRecords, response, wat } from './archives.js';

const REAL_WAT = packed(realRecords('wat'));
const REAL_WARC = packed(realRecords('warc'));
const ANYWHERE = 'https://data.commoncrawl.org/';

async function folder(): Promise<string> {
  const dir = await mkdtemp(join(tmpdir(), 'wit-commoncrawl-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  return dir;
}

async function put(dir: string, name: string, content: string | Buffer): Promise<string> {
  const path = join(dir, name);
  await mkdir(join(path, '..'), { recursive: true });
  await writeFile(path, content);
  return path;
}

interface Found extends SourceResult {
  ids: string[];
  files: string[];
}

async function readAll(
  commonCrawl: string[],
  options: { port?: number; base?: string; net?: object } = {},
): Promise<Found> {
  const client = clientFor(options.port ?? 1, options.net);
  const commonCrawlBase = options.base ?? ANYWHERE;
  const config = sourcesSchema.parse({ commonCrawl, commonCrawlBase });
  const source = createCommonCrawlSource(config, client);
  const units = await planned(source);
  expect(await planned(source, 1)).toEqual([]);
  const all: Found = { candidates: [], rejects: [], links: [], counts: {}, ids: [], files: [] };
  for (const unit of units) {
    all.ids.push(unit.id);
    all.files.push(unit.input.file);
    for await (const { candidates, rejects, counts } of source.stream(unit, never)) {
      all.candidates.push(...candidates);
      all.rejects.push(...rejects);
      for (const [name, n] of Object.entries(counts))
        all.counts[name] = (all.counts[name] ?? 0) + n;
    }
  }
  return all;
}

const failure = (reading: Promise<unknown>): Promise<WitError> =>
  reading.then(
    () => expect.unreachable('no error'),
    (error: WitError) => error,
  );

describe('the source commoncrawl', () => {
  it('reads WARC and WAT files, folders and paths files, each file once', async () => {
    const dir = await folder();
    const one = await put(dir, 'data/a/one.warc.wat.gz', REAL_WAT);
    const two = await put(dir, 'data/b/two.warc.gz', REAL_WARC);
    const plain = await put(dir, 'data/three.warc', Buffer.concat(realRecords('warc')));
    await put(dir, 'data/readme.txt', 'not an archive');
    const paths = await put(dir, 'wat.paths', 'a/one.warc.wat.gz\r\n\n');
    const packedPaths = await put(
      dir,
      'warc.paths.gz',
      gzipSync('b/two.warc.gz\na/one.warc.wat.gz\n'),
    );

    const alone = await readAll([one]);
    expect(alone.counts).toEqual({ records: 9, pages: 1, imagesWithoutText: 0 });
    expect(alone.candidates.length).toBe(4);
    expect(alone.rejects).toEqual([]);

    const inWarc = await readAll([two]);
    expect(inWarc.counts).toMatchObject({ records: 13, pages: 3 });
    expect(inWarc.candidates.length).toBe(858);
    expect(new Set(inWarc.candidates.map(({ source }) => source))).toEqual(
      new Set(['commoncrawl']),
    );
    expect(inWarc.candidates.slice(0, 4)).toEqual(alone.candidates);
    expect(
      inWarc.rejects.map(({ reason, detail, pageUrl }) => [
        reason,
        detail?.replace(/\(.*, byte \d+\)$/, '(…)'),
        pageUrl,
      ]),
    ).toEqual([['opt_out', 'meta-robots: noindex (…)', expect.stringContaining('0x20.be')]]);

    const base = join(dir, 'data');
    expect((await readAll([base])).files).toEqual([one, two, plain].sort());
    const listed = await readAll([paths, packedPaths], { base });
    expect(listed.files).toEqual([one, two]);
    expect(listed.candidates).toEqual([...alone.candidates, ...inWarc.candidates]);
    expect((await readAll([base, paths, one], { base })).files.length).toBe(3);
    expect(listed.ids).toEqual((await readAll([paths, packedPaths], { base })).ids);
    expect(listed.ids[1]).toMatch(/^commoncrawl-00001-[0-9a-f]{8}$/);
  });

  it('costs a damaged record, with its place, and reads on', async () => {
    const dir = await folder();
    const page = (n: number, text = 'A dog') =>
      wat(
        'http://a.test/',
        envelope('http://a.test/', { links: [{ path: 'IMG@/src', url: `${n}.jpg`, alt: text }] }),
      );
    const broken = page(2);
    broken.write('}{', broken.indexOf('"Payload-Metadata"'));
    const flipped = gzipSync(page(3));
    flipped[30] = (flipped[30] as number) ^ 0xff;
    const noEnvelope = wat('http://a.test/', { 'HTML-Metadata': {} });
    const noHead = response('http://a.test/', '');
    noHead.write('XXXX', noHead.indexOf('HTTP/1.1'));
    const members = [
      gzipSync(page(1)),
      gzipSync(broken),
      flipped,
      gzipSync(noEnvelope),
      gzipSync(noHead),
      gzipSync(page(4)),
    ];
    const path = await put(dir, 'x.warc.wat.gz', Buffer.concat(members));
    const { candidates, rejects } = await readAll([path]);
    expect(candidates.map(({ imageUrl }) => imageUrl)).toEqual([
      'http://a.test/1.jpg',
      'http://a.test/4.jpg',
    ]);
    expect(rejects.map(({ reason, stage }) => [reason, stage])).toEqual(
      Array(4).fill(['bad_record', 'discover']),
    );
    const places = [1, 2, 3, 4].map((i) => Buffer.concat(members.slice(0, i)).length);
    for (const [i, { detail }] of rejects.entries()) {
      expect(detail?.startsWith(`${path}, byte ${places[i]}: `), detail).toBe(true);
    }
    expect(new Set(rejects.map(({ id }) => id)).size).toBe(4);
  });

  it('gives what a truncated file has, and says that it ends early', async () => {
    const path = await put(
      await folder(),
      'x.warc.gz',
      REAL_WARC.subarray(0, REAL_WARC.length - 3),
    );
    const { candidates, rejects } = await readAll([path]);
    expect(candidates.length).toBe(858);
    expect(rejects.map(({ reason }) => reason)).toEqual(['opt_out', 'bad_record']);
    expect(rejects[1]?.detail).toContain('the file ends within a gzip member');
  });

  it('refuses before it begins what cannot be right', async () => {
    const dir = await folder();
    const page = await put(dir, 'page.warc', '<!doctype html>');
    const empty = await put(dir, 'empty.warc.gz', '');
    const good = await put(dir, 'good.warc.gz', REAL_WARC);
    await mkdir(join(dir, 'nothing'));
    const listing = async (name: string, text: string | Buffer) => await put(dir, name, text);
    for (const [input, code, message] of [
      [page, 'bad_file', 'page.warc is no WARC or WAT file'],
      [empty, 'bad_file', 'empty.warc.gz is no WARC or WAT file'],
      [join(dir, 'missing.warc.gz'), 'missing_file', 'missing.warc.gz does not exist'],
      [join(dir, 'nothing'), 'input', 'holds no file named'],
      [await listing('a.paths', ''), 'bad_file', 'lists no archive'],
      [await listing('b.paths', 'x/y.warc.wet.gz'), 'input', 'WET files hold plain text'],
      [
        await listing('c.paths', 'x.warc.gz\n../../etc/y.warc.gz'),
        'input',
        'entry 2: expected the relative path',
      ],
      [await listing('d.paths', 'file:/etc/x.warc.gz'), 'input', 'expected the relative path'],
      [await listing('e.paths', '<!doctype html>'), 'input', 'expected the relative path'],
      [
        await listing('f.paths.gz', gzipSync('x.warc.gz').subarray(0, 20)),
        'bad_file',
        'is damaged',
      ],
    ] as const) {
      const error = await failure(readAll([good, input]));
      expect([error.name, error.code]).toEqual(['WitError', code]);
      expect(error.message).toContain(message);
    }
  });

  describe('over HTTP', () => {
    const files: Record<string, Buffer> = {
      '/crawl/wat.paths.gz': gzipSync('a/one.warc.wat.gz\na/two.warc.gz\n'),
      '/a/one.warc.wat.gz': REAL_WAT,
      '/a/two.warc.gz': REAL_WARC,
      '/page.warc.gz': Buffer.from('<!doctype html><title>Sign in</title>'),
    };
    const serving: Handler = (req, res) => {
      const file = files[req.url ?? ''];
      if (file === undefined) res.writeHead(404).end('<p>Not found');
      else res.writeHead(200, { 'content-encoding': 'gzip' }).end(file);
    };

    it('reads the same as from a disk', async () => {
      const { port } = await serve(serving);
      const base = 'http://archive.test/';
      const far = await readAll(['http://archive.test/crawl/wat.paths.gz'], { port, base });
      expect(far.files).toEqual([`${base}a/one.warc.wat.gz`, `${base}a/two.warc.gz`]);
      const dir = await folder();
      for (const [name, content] of Object.entries(files)) await put(dir, name, content);
      const near = await readAll([join(dir, 'crawl/wat.paths.gz')], { base: dir });
      expect(far.candidates).toEqual(near.candidates);
      expect(far.candidates.length).toBe(862);
    });

    it('loses a file that is not there, or no archive, and says why; others go on', async () => {
      const { port } = await serve(serving);
      const urls = ['/gone.warc.gz', '/page.warc.gz', '/a/one.warc.wat.gz'];
      const inputs = urls.map((path) => `http://archive.test${path}`);
      const { candidates, rejects } = await readAll(inputs, { port });
      expect(candidates.length).toBe(4);
      expect(rejects.map(({ reason, detail }) => [reason, detail])).toEqual([
        ['http_client_error', 'http://archive.test/gone.warc.gz: HTTP 404'],
        ['wrong_content_type', 'http://archive.test/page.warc.gz: holds no WARC record'],
      ]);
    });

    it('ends with an error, not with a loss, when the network fails', async () => {
      const { port } = await serve((req, res) => {
        if (req.url === '/a/one.warc.wat.gz') serving(req, res);
        else req.socket.destroy();
      });
      const inputs = ['http://archive.test/a/one.warc.wat.gz', 'http://archive.test/x.warc.gz'];
      for (const input of [inputs, ['http://archive.test/x.paths']]) {
        const error = await failure(readAll(input, { port, net: { retries: 1 } }));
        expect([error.name, error.code]).toEqual(['WitError', 'network']);
        expect(error.hint).toContain('again');
      }
    });
  });

  it('ends with the same dataset after kill -9', async () => {
    const dir = await folder();
    for (let i = 0; i < 4; i++) {
      const path = join(dir, 'archives', `${i}.warc.wat.gz`);
      await mkdir(join(path, '..'), { recursive: true });
      await writeSyntheticWat({ path, pages: 600, distinct: 100, seed: i });
    }
    const queries = await put(dir, 'queries.txt', 'zzzz no such thing\n');
    const args = (out: string) => [
      ...['crawl-and-build', '--queries', queries, '--commoncrawl', join(dir, 'archives')],
      ...['--connect-to', '::127.0.0.1:1', '--snapshot', '2026-01-01T00:00:00Z', '--out', out],
    ];
    const reference = join(dir, 'reference');
    const whole = await start(args(reference)).ended;
    expect(whole.code, whole.stderr).toBe(0);
    const { manifest } = await readDataset(reference);
    expect(manifest.funnel).toMatchObject({ pages: 2_400, candidates: 26_400 });

    const out = join(dir, 'out');
    let kills = 0;
    for (let wait = 900; ; wait += 250) {
      const { child, ended } = start(args(out));
      const { code, stderr } = await Promise.race([
        ended,
        delay(wait).then(() => {
          child.kill('SIGKILL');
          return ended;
        }),
      ]);
      if (code === 0) break;
      expect(code, stderr).toBe(null);
      kills++;
    }
    expect(kills).toBeGreaterThan(0);
    const name = 'dataset.json';
    expect(await readFile(join(out, name), 'utf8')).toBe(
      await readFile(join(reference, name), 'utf8'),
    );
  });
});
