import { execFile } from 'node:child_process';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadEmoji } from './emoji.js';
import { RARE_WORDS } from './ground.js';

const root = fileURLToPath(new URL('../../', import.meta.url));
let text: string;
let queries: string[];
let dir: string;
beforeAll(async () => {
  text = await readFile(join(root, 'queries/demo.txt'), 'utf8');
  queries = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  dir = await mkdtemp(join(root, 'node_modules/.queries-'));
});
afterAll(async () => {
  await rm(dir, { recursive: true, force: true });
});

describe('queries/demo.txt', () => {
  it('is what its script writes', async () => {
    for (const name of ['build-demo.mjs', 'plain-words.txt']) {
      await copyFile(join(root, 'queries', name), join(dir, name));
    }
    await promisify(execFile)(process.execPath, [join(dir, 'build-demo.mjs')]);
    expect(await readFile(join(dir, 'demo.txt'), 'utf8')).toBe(text);
  });

  it('holds each query once, in lower case', () => {
    expect(queries.length).toBeGreaterThan(4_000);
    expect(new Set(queries).size).toBe(queries.length);
    expect(queries.filter((query) => query !== query.toLowerCase().trim())).toEqual([]);
  });

  it('holds general words, names, and the rare words of the small internet', async () => {
    const known = new Set(queries);
    for (const word of ['face', 'animal', 'food', 'picture', ...RARE_WORDS]) {
      expect(known).toContain(word);
    }
    const { concepts } = await loadEmoji();
    const named = concepts.filter((concept) => known.has(concept.label.toLowerCase()));
    expect(named.length / concepts.length).toBeGreaterThan(0.85);
  });
});
