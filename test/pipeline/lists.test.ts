/** From lists with further columns to shards, read back by DuckDB and Hugging Face `datasets`. */

import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readDataset } from '../../src/core/dataset.js';
import { readRecords } from '../../src/core/parquet/reader.js';
import { writeParquet } from '../../src/core/parquet/writer.js';
import { double, optional, string } from '../../src/core/record.js';
import { rejectFields } from '../../src/core/types.js';
import { run, runKilled } from '../commands/command-line.js';
import { contentOf } from './content.js';

const IMAGES = 90;
/** A third of the list in each format. */
const SHARE = IMAGES / 3;
/** The image whose list states another hash. */
const WRONG = 7;

let root: string;
let server: Server;
let flags: string[];
/** Built in one go. */
let reference: string;
const images: Buffer[] = [];

/** Rows of no image are asked for by nobody. */
const url = (n: number) => `http://images.test/${n}.png`;
const caption = (n: number) => `A photo of dog number ${n}`;
const nsfw = (n: number) => (n % 4 === 0 ? undefined : 'UNLIKELY, "surely"');
const similarity = (n: number) => n / 8;
const md5 = (n: number) =>
  createHash('md5')
    .update(n === WRONG ? 'other bytes' : (images[n] as Buffer))
    .digest('hex');

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wit-lists-build-'));
  for (let n = 0; n < IMAGES; n++) {
    const background = { r: (n * 37) % 256, g: (n * 91) % 256, b: (n * 53) % 256 };
    const half = { create: { width: 32, height: 64, channels: 3 as const, background: '#fff' } };
    const pixels = sharp({ create: { width: 64, height: 64, channels: 3, background } });
    images.push(
      await pixels
        .composite([{ input: half, left: 0, top: 0 }])
        .png()
        .toBuffer(),
    );
  }
  server = createServer((request, response) => {
    const image = images[Number(/^\/(\d+)\.png$/.exec(request.url ?? '')?.[1] ?? -1)];
    if (image === undefined) response.writeHead(404).end();
    else response.writeHead(200, { 'content-type': 'image/png' }).end(image);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const lists = join(root, 'lists');
  await mkdir(join(lists, 'more'), { recursive: true });
  const range = (from: number) => Array.from({ length: SHARE }, (_, n) => from + n);
  const field = (value: string) => `"${value.replaceAll('"', '""')}"`;
  const csv = range(0).map((n) =>
    [url(n), caption(n), nsfw(n) ?? '', `${similarity(n)}`, md5(n)].map(field).join(','),
  );
  await writeFile(
    join(lists, 'a.csv'),
    ['url,caption,nsfw,similarity,md5', ...csv, 'one field', ''].join('\n'),
  );
  const lines = range(SHARE).map((n) =>
    JSON.stringify({
      ...{ url: url(n), caption: caption(n), md5: md5(n) },
      ...{ nsfw: nsfw(n), similarity: similarity(n) },
    }),
  );
  await writeFile(join(lists, 'b.jsonl.gz'), gzipSync(lines.join('\n')));
  const fields = {
    ...{ url: string(), caption: string(), md5: string() },
    ...{ nsfw: optional(string()), similarity: double() },
  };
  const rows = range(2 * SHARE).map((n) => {
    const row = { url: url(n), caption: caption(n), md5: md5(n), similarity: similarity(n) };
    const rating = nsfw(n);
    return rating === undefined ? row : { ...row, nsfw: rating };
  });
  await writeParquet(join(lists, 'more', 'c.parquet'), fields, rows, { rowGroupRows: 8 });
  await writeFile(join(root, 'queries.txt'), 'dog\nphoto\n');

  flags = [
    ...['--queries', join(root, 'queries.txt'), '--list', lists],
    ...['--extra-columns', 'similarity,nsfw', '--hash-column', 'md5'],
    ...['--connect-to', `::127.0.0.1:${port}`, '--allow-private', '--delay', '0'],
    ...['--side', '64', '--selections-per-shard', '20', '--snapshot', '2026-01-01T00:00:00Z'],
    ...['--set', 'sources.unitSize=7', '--set', 'filter.nearDuplicateBits=-1'],
    ...['--set', 'filter.languages=[]'],
  ];
  reference = join(root, 'reference');
  const { code, stderr } = await run(['crawl-and-build', ...flags, '--out', reference]);
  expect(code, stderr).toBe(0);
}, 120_000);

afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  await rm(root, { recursive: true, force: true });
});

/** What each row's `extra` holds, by URL. */
const EXTRA = new Map(
  Array.from({ length: IMAGES }, (_, n) => {
    const rating = nsfw(n);
    return [
      url(n),
      {
        // A CSV has no numbers.
        similarity: n < SHARE ? String(similarity(n)) : similarity(n),
        ...(rating !== undefined && { nsfw: rating }),
      },
    ];
  }),
);
EXTRA.delete(url(WRONG));

describe('lists with further columns', () => {
  it('gives the rest of the row to DuckDB', async () => {
    const connection = await (await DuckDBInstance.create()).connect();
    const query = async (sql: string) => (await connection.runAndReadAll(sql)).getRowsJS();
    const shards = `'${join(reference, 'data', 'train-*.parquet')}'`;
    const rows = await query(`SELECT url, extra FROM ${shards}`);
    expect(new Map(rows.map(([at, extra]) => [at, JSON.parse(extra as string)]))).toEqual(EXTRA);
    expect(
      await query(
        `SELECT count(*)::INT FROM ${shards} WHERE CAST(extra->>'similarity' AS DOUBLE) > 5`,
      ),
    ).toEqual([[IMAGES - 41]]);
    expect(await query(`SELECT count(*)::INT FROM ${shards} WHERE extra->>'nsfw' IS NULL`)).toEqual(
      [[Math.ceil(IMAGES / 4)]],
    );
  });

  it('gives the rest of the row to datasets', async () => {
    const python =
      process.env.WIT_TEST_PYTHON ?? join(import.meta.dirname, '../../.engine/bin/python');
    const script = `
import json, sys
from datasets import load_dataset
rows = load_dataset(sys.argv[1], split="train")
seen = [[row["url"], json.loads(row["extra"]), row["image"].size] for row in rows]
json.dump(seen, sys.stdout)
`;
    const { stdout } = await promisify(execFile)(python, ['-c', script, reference], {
      env: { ...process.env, HF_HOME: join(root, 'cache'), HF_HUB_OFFLINE: '1' },
    });
    const seen = JSON.parse(stdout) as [string, unknown, number[]][];
    expect(new Map(seen.map(([at, extra]) => [at, extra]))).toEqual(EXTRA);
    expect(seen.every(([, , size]) => size.join() === '64,64')).toBe(true);
  }, 120_000);

  it('rejects the image whose bytes are not those that the list states', async () => {
    const { manifest } = await readDataset(reference);
    const rejects: string[] = [];
    for (const { path } of manifest.files.rejects) {
      for await (const row of readRecords(join(reference, path), rejectFields)) {
        rejects.push(`${row.stage} ${row.reason} ${row.imageUrl}`);
        if (row.reason !== 'hash_mismatch') continue;
        expect(row.detail).toContain(`the list says ${md5(WRONG)}`);
        expect(JSON.parse(row.extra as string)).toMatchObject({ similarity: '0.875' });
      }
    }
    expect(rejects.sort()).toEqual(['discover bad_row ', `fetch hash_mismatch ${url(WRONG)}`]);
  });

  it('ends with the same bytes after kill -9 at random moments', async () => {
    const out = join(root, 'killed');
    const kills = await runKilled(['crawl-and-build', ...flags, '--out', out]);
    expect(kills).toBeGreaterThan(0);
    expect(await contentOf(out)).toEqual(await contentOf(reference));
  }, 240_000);
});
