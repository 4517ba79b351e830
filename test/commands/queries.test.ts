import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDataset } from '../../src/core/dataset.js';
import { readRecords } from '../../src/core/parquet/reader.js';
import { pairFields } from '../../src/core/types.js';
import { packageRoot } from '../../src/core/version.js';
import { run } from './command-line.js';

const shipped = join(packageRoot, 'queries', 'packages.parquet');

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wit-queries-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('wit queries', () => {
  it('explains itself and its subcommands', async () => {
    const { stdout } = await run(['queries', '--help']);
    for (const name of ['build', 'inspect', 'diff']) expect(stdout).toContain(`\n  ${name} `);
    const build = await run(['queries', 'build', '--help']);
    for (const flag of [
      '--dump',
      '--pageviews',
      '--size',
      '--thresholds',
      '--case',
      '--keep-work',
    ]) {
      expect(build.stdout).toContain(flag);
    }
    expect(build.stdout).toContain('Examples:');
  });

  it.each([
    ['no subcommand', ['queries'], 2, 'Usage: wit queries'],
    ['an unknown subcommand', ['queries', 'make'], 2, "unknown command 'make'"],
    ['a missing list', ['queries', 'inspect', '/nowhere.txt'], 1, '/nowhere.txt'],
    ['one list to compare', ['queries', 'diff', 'a.txt'], 2, "missing required argument 'b'"],
    ['a size of nothing', ['queries', 'build', '--size', '0'], 1, 'queryBuild.size'],
    ['unknown thresholds', ['queries', 'build', '--thresholds', 'x'], 1, 'queryBuild.thresholds'],
    ['a list that is not Parquet', ['queries', 'build', '--out', 'x.txt'], 1, 'x.txt'],
    ['a dump that is not there', ['queries', 'build', '--dump', '/no.xml'], 1, '/no.xml'],
  ])('%s: says so and exits non-zero', async (_, args, wanted, said) => {
    const { code, stderr } = await run(args);
    expect(code, stderr).toBe(wanted);
    expect(stderr).toContain(said);
    expect(stderr).not.toContain('defect of wit');
  });
});

describe('wit queries build, from packages', () => {
  it('builds the list that ships, byte for byte, with its account and a report', async () => {
    const out = join(dir, 'packages.parquet');
    const { code, stderr, stdout } = await run([
      'queries',
      'build',
      '--min-pmi',
      '5',
      '--out',
      out,
    ]);
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('175,580 queries');
    expect((await readFile(out)).equals(await readFile(shipped))).toBe(true);
    const account = await readFile(join(dir, 'packages.json'), 'utf8');
    expect(account).toBe(await readFile(shipped.replace(/parquet$/, 'json'), 'utf8'));
    expect(account).not.toContain(dir);
    const page = await readFile(join(dir, 'packages.html'), 'utf8');
    expect(page).toContain('175,580 search terms');
    expect(page).not.toContain('<script');
  });

  it('keeps to a size, in proportion', async () => {
    const out = join(dir, 'small.parquet');
    const { code, stdout, stderr } = await run([
      'queries',
      'build',
      ...['--size', '1000', '--lemmas', 'all', '--case', 'keep', '--out', out, '--json'],
    ]);
    expect(code, stderr).toBe(0);
    const { value } = JSON.parse(stdout);
    expect(value).toMatchObject({ list: out, size: 1000 });
    const targets = value.sources.map(({ target }: { target: number }) => target);
    expect(targets).toEqual([173, 503, 201, 123]);
    expect(value.sources[3]).toMatchObject({ source: 'title', charged: 0, left: 123 });
    const settings = JSON.parse(await readFile(join(dir, 'small.json'), 'utf8')).settings;
    expect(settings).toMatchObject({
      size: 1000,
      lemmas: 'all',
      case: 'keep',
      thresholds: 'paper',
    });
  });

  it('takes published thresholds, which a flag may replace', async () => {
    const out = join(dir, 'metaclip.parquet');
    const args = ['queries', 'build', '--thresholds', 'metaclip', '--min-pmi', '15', '--out', out];
    const { code, stderr } = await run(args);
    expect(code, stderr).toBe(0);
    const account = JSON.parse(await readFile(join(dir, 'metaclip.json'), 'utf8'));
    expect(account.settings).toMatchObject({
      thresholds: 'metaclip',
      size: null,
      minBigramCount: 1,
      minPmi: 15,
      minHourlyViews: 50,
    });
    const bigram = account.sources.find(({ source }: { source: string }) => source === 'bigram');
    expect(bigram.cut).toBeGreaterThanOrEqual(15);
    expect(bigram.target).toBeNull();
    expect(bigram.listed).toBe(bigram.passed);
  });
});

describe('wit queries inspect and diff', () => {
  it('looks into the shipped list', async () => {
    const { code, stdout, stderr } = await run(['queries', 'inspect', shipped, '--json']);
    expect(code, stderr).toBe(0);
    const { value } = JSON.parse(stdout);
    expect(value.size).toBe(175_580);
    expect(value.repeated).toBe(0);
    const charged = value.sources.reduce(
      (sum: number, row: { charged: number }) => sum + row.charged,
      0,
    );
    expect(charged).toBe(value.size);
    const [normalized, metaclip] = value.matching;
    expect(normalized).toMatchObject({ mode: 'normalized', never: 0 });
    // `St. Petersburg` and its like.
    expect(metaclip).toMatchObject({ mode: 'metaclip', never: 25 });
    const people = await run(['queries', 'inspect', shipped]);
    expect(people.stdout).toContain('can never match, metaclip: 25 of 175,580');
  });

  it('ends in peace when its reader has seen enough', async () => {
    const cli = join(packageRoot, 'dist', 'src', 'cli.js');
    const list = join(dir, 'long.txt');
    await writeFile(
      list,
      Array.from({ length: 9000 }, (_, i) => `${'word '.repeat(20)}${i}`).join('\n'),
    );
    // Far more than a pipe holds, so that writing goes on after `head` is gone.
    const script = `"$0" "$1" queries inspect "$2" --samples 9000 | head -n 1`;
    const { stdout, stderr } = await promisify(execFile)('sh', [
      '-c',
      script,
      process.execPath,
      cli,
      list,
    ]);
    expect(stdout).toContain('9,000 queries');
    expect(stderr).toBe('');
  });

  it('reads text lists, and knows what can never match', async () => {
    const list = join(dir, 'list.txt');
    await writeFile(list, 'St. Louis\n!!\nred apple\nred apple\n');
    const { stdout } = await run(['queries', 'inspect', list]);
    expect(stdout).toContain('3 queries, 1 repeated');
    expect(stdout).toContain('can never match, normalized: 1 of 3');
    expect(stdout).toContain('can never match, metaclip: 2 of 3');
  });

  it('compares two lists and writes all differences', async () => {
    const [a, b, out] = ['a.txt', 'b.txt', 'out.tsv'].map((name) => join(dir, name)) as [
      string,
      string,
      string,
    ];
    await writeFile(a, 'kiwi\nred apple\nPear\n');
    await writeFile(b, 'kiwi\nplum\npear\n');
    const { code, stdout } = await run(['queries', 'diff', a, b, '--out', out]);
    expect(code).toBe(0);
    expect(stdout).toContain('only in A 2, of which B has 1 with other capitals');
    expect(await readFile(out, 'utf8')).toContain('\nonly_a\tred apple\tlist\t');
    const json = await run(['queries', 'diff', a, b, '--json']);
    expect(JSON.parse(json.stdout).value.difference).toMatchObject({ common: 1, onlyB: 2 });
  });
});

describe('wit crawl-and-build with the shipped list', () => {
  let server: Server;
  beforeAll(async () => {
    const pixels = Array.from({ length: 64 * 64 * 3 }, (_, i) => (i * 31) % 256);
    const raw = { width: 64, height: 64, channels: 3 } as const;
    const png = await sharp(Buffer.from(pixels), { raw }).png().toBuffer();
    server = createServer((request, response) => {
      if (request.url !== '/a.png') return response.writeHead(404).end();
      return response.writeHead(200, { 'content-type': 'image/png' }).end(png);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });
  afterAll(() => server.close());

  it('matches captions by its queries', async () => {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.png`;
    const list = join(dir, 'urls.csv');
    await writeFile(list, `url,caption\n${url},An aardvark and a hot dog in New York\n`);
    const out = join(dir, 'data');
    const args = ['--queries', shipped, '--list', list, '--allow-private', '--out', out];
    const { code, stderr } = await run(['crawl-and-build', ...args, '--contact', 'me@example.org']);
    expect(code, stderr).toBe(0);
    const { manifest } = await readDataset(out);
    const rows = [];
    for (const { path } of manifest.shards) {
      for await (const row of readRecords(join(out, path), pairFields)) rows.push(row);
    }
    expect(rows.length).toBe(1);
    expect(rows[0]?.queries).toEqual(
      expect.arrayContaining(['aardvark', 'dog', 'hot dog', 'New York']),
    );
    expect(manifest.config).not.toHaveProperty('queryBuild');
  });
});
