import { execFile } from 'node:child_process';
import { appendFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sha256 } from '../../../src/core/ids.js';
import type { Pair } from '../../../src/core/types.js';
import { EXPORT_FORMATS, exportShards, parseSplits, splitOf } from '../../../src/shard/index.js';
import { type Complete, makeComplete } from '../complete.js';
import { makePairs, testPython } from '../fixture.js';

let root: string;
let dataset: Complete;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'wit-export-'));
  dataset = await makeComplete(join(root, 'data'), await makePairs(70));
});
afterAll(() => rm(root, { recursive: true }));

const SPLITS = parseSplits(['val=0.2']);

/** Every file below a folder and its digest, `.export` apart. */
async function content(dir: string): Promise<Record<string, string>> {
  const names = (await readdir(dir, { recursive: true, withFileTypes: true }))
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(dir.length + 1))
    .filter((name) => !name.startsWith('.export'))
    .sort();
  const files: Record<string, string> = {};
  for (const name of names) files[name] = sha256(await readFile(join(dir, name)));
  return files;
}

async function pixels({ bytes }: Pair['image']): Promise<[number, number, string]> {
  const { data, info } = await sharp(bytes)
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return [info.width, info.height, sha256(data)];
}

interface Seen {
  tars: { key: string; names: string[]; text: string; image: string; json: { url: string } }[];
  open_clip: { rows: [string, string][]; samples: number; trained: number };
  parquet: { types: Record<string, string>; rows: Record<string, unknown>[] };
  folder: { key: string; text: string; image: [number, number, string] }[];
  hub: Record<string, Seen['folder']>;
  features: Record<string, string>;
}

describe('exports in the programs that they are for', () => {
  let seen: Seen;
  beforeAll(async () => {
    const out = (name: string) => join(root, 'read', name);
    for (const to of EXPORT_FORMATS) {
      const splits = to === 'huggingface' ? SPLITS : [];
      await exportShards(dataset.dir, out(to), { to, splits });
    }
    const folders = EXPORT_FORMATS.map(out);
    const script = join(import.meta.dirname, 'read_exports.py');
    const { stdout } = await promisify(execFile)(
      testPython(),
      [script, ...folders, join(root, 'cache')],
      {
        maxBuffer: 1 << 28,
        env: { ...process.env, HF_HUB_OFFLINE: '1', HF_HOME: join(root, 'hf') },
      },
    );
    seen = JSON.parse(stdout.trim().split('\n').at(-1) as string) as Seen;
  }, 300_000);

  it('webdataset gives every pair, each image under the name of its real type', () => {
    expect(seen.tars.map(({ key, text, image, names }) => [key, text, image, names])).toEqual(
      dataset.pairs.map(({ key, text, image, format }) => [
        key,
        text,
        sha256(image.bytes),
        ['json', format === 'png' ? 'png' : 'jpg', 'txt'].sort(),
      ]),
    );
    expect(seen.tars[3]?.json).toMatchObject({
      caption: dataset.pairs[3]?.text,
      url: dataset.pairs[3]?.url,
      status: 'success',
      other_texts: dataset.pairs[3]?.otherTexts,
      extra: JSON.parse(dataset.pairs[3]?.extra as string),
    });
  });

  it("open_clip's loader takes them as they are, with their number", () => {
    const { rows, samples, trained } = seen.open_clip;
    expect(rows.map(([text]) => text)).toEqual(dataset.pairs.map(({ text }) => text));
    expect(new Set(rows.map(([, image]) => image)).size).toBeGreaterThan(50);
    // It rounds up to whole batches, and fills the last one.
    expect([samples, trained]).toEqual([70, 70]);
  });

  it("img2dataset's columns, with pyarrow", () => {
    const { types, rows } = seen.parquet;
    expect(types).toMatchObject({ key: 'string', jpg: 'binary', width: 'int32', txt: 'string' });
    expect(rows.map((row) => [row.key, row.caption, row.txt, row.jpg, row.status])).toEqual(
      dataset.pairs.map(({ key, text, image }) => [
        key,
        text,
        text,
        sha256(image.bytes),
        'success',
      ]),
    );
  });

  it('imagefolder shows images and captions of the plain folder', async () => {
    const wanted = await Promise.all(
      dataset.pairs.map(async ({ key, text, image, format }) => [
        key,
        text,
        // Decoders of JPEG may differ in the last bit.
        format === 'png' ? await pixels(image) : (await pixels(image)).slice(0, 2),
      ]),
    );
    const byKey = (a: unknown[], b: unknown[]) => (String(a[0]) < String(b[0]) ? -1 : 1);
    const found = seen.folder.map(({ key, text, image }) => {
      const format = dataset.pairs.find((pair) => pair.key === key)?.format;
      return [key, text, format === 'png' ? image : image.slice(0, 2)];
    });
    expect(found.sort(byKey)).toEqual(wanted.sort(byKey));
  });

  it('load_dataset of the folder for the Hub: both splits, images decoded', () => {
    for (const split of ['train', 'val']) {
      const wanted = dataset.pairs.filter(({ key }) => splitOf(key, SPLITS) === split);
      expect(seen.hub[split]?.map(({ key, text, image }) => [key, text, image[0]])).toEqual(
        wanted.map(({ key, text, width }) => [key, text, width]),
      );
    }
    expect(seen.hub.val?.length).toBeGreaterThan(3);
    expect(seen.features.image).toContain('Image');
  });
});

describe('exportShards', () => {
  it.each(EXPORT_FORMATS)('%s: repeats its bytes, also after a stop in the middle', async (to) => {
    const out = (name: string) => join(root, 'again', to, name);
    const options = { to, splits: SPLITS };
    const whole = await exportShards(dataset.dir, out('a'), options);
    const stop = new AbortController();
    const stopped = exportShards(dataset.dir, out('b'), {
      ...options,
      jobs: 1,
      signal: stop.signal,
      emit: (event) => {
        if (event.type === 'progress') stop.abort(new Error('stopped'));
      },
    });
    // Rows are told by hundreds, so only what is gone on with says anything here.
    await stopped.catch(() => {});
    const [first] = whole.files;
    await writeFile(join(out('b'), first?.path as string), 'torn');
    await exportShards(dataset.dir, out('b'), options);
    expect(await content(out('b'))).toEqual(await content(out('a')));
    expect(Object.keys(await content(out('a'))).length).toBeGreaterThan(3);
    expect(await exportShards(dataset.dir, out('a'), options)).toEqual(whole);
  });

  it('refuses other settings, and a folder that holds something else', async () => {
    const out = join(root, 'other');
    await exportShards(dataset.dir, out, { to: 'webdataset' });
    await expect(exportShards(dataset.dir, out, { to: 'folder' })).rejects.toThrow(
      'export.to (was "webdataset", is "folder")',
    );
    await expect(exportShards(dataset.dir, dataset.dir, { to: 'folder' })).rejects.toThrow(
      'is not empty and holds no export',
    );
  });

  it.each(EXPORT_FORMATS)('%s: names a damaged shard and exports nothing of it', async (to) => {
    const copy = await makeComplete(join(root, 'damaged', to), await makePairs(20));
    const path = join(copy.dir, 'data/train-00000.parquet');
    await appendFile(path, 'x');
    const out = join(root, 'damaged', `${to}-out`);
    await expect(exportShards(copy.dir, out, { to })).rejects.toThrow(
      /train-00000\.parquet is not the file that was written: \d+ bytes instead of \d+/,
    );
    expect(await content(out)).toEqual({});
  });

  it('writes CSV for those who want it', async () => {
    const out = join(root, 'csv');
    await exportShards(dataset.dir, out, { to: 'folder', metadata: 'csv' });
    const lines = (await readFile(join(out, '00001/metadata.csv'), 'utf8')).split('\r\n');
    expect(lines[0]).toMatch(/^file_name,text,key,other_texts,url,/);
    expect(lines).toHaveLength(32);
    expect(lines[1]).toContain(`${dataset.pairs[30]?.key}.jpg,caption number 30,`);
  });

  it.each(['webdataset', 'img2dataset', 'folder'] as const)(
    '%s: leaves nothing half-written where a split has no place',
    async (to) => {
      const out = join(root, `blocked-${to}`);
      await mkdir(join(out, '.export'), { recursive: true });
      // Where the folder of the second split belongs.
      await writeFile(join(out, 'val'), '');
      const options = { to, splits: SPLITS };
      await expect(exportShards(dataset.dir, out, options)).rejects.toThrow(/val/);
      expect(await content(out)).toEqual({ val: sha256('') });
    },
  );
});

describe('parseSplits', () => {
  it.each(['val', 'val=0', 'val=1', 'Val=0.1', 'train=0.1', 'val=0.1 '])('refuses %j', (text) => {
    expect(() => parseSplits([text])).toThrow(/--split/);
  });

  it('refuses names twice and shares of 1 and more', () => {
    expect(() => parseSplits(['a=0.1', 'a=0.2'])).toThrow('twice');
    expect(() => parseSplits(['a=0.5', 'b=0.5'])).toThrow('add up to 1');
  });

  it('gives each split its share, by the key alone', () => {
    const splits = parseSplits(['val=0.01', 'test=0.1']);
    const counts: Record<string, number> = {};
    for (let i = 0; i < 20_000; i++) {
      const split = splitOf(sha256(`${i}`), splits);
      counts[split] = (counts[split] ?? 0) + 1;
    }
    expect(counts.val).toBeGreaterThan(150);
    expect(counts.val).toBeLessThan(250);
    expect(counts.test).toBeGreaterThan(1_850);
    expect(counts.test).toBeLessThan(2_150);
  });
});
