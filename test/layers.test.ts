import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import { packageRoot } from '../src/core/version.js';

const src = join(packageRoot, 'src');

/** What a folder's files may import beside their own folder; cycles are the linter's (noImportCycles). */
const ALLOWED: Record<string, readonly string[]> = {
  core: [],
  queries: ['core', 'config.ts'],
  crawl: ['core', 'config.ts'],
  filter: ['core', 'config.ts'],
  shard: ['core', 'config.ts'],
  train: ['core', 'config.ts'],
  eval: ['core', 'config.ts', 'train'],
  stats: ['core', 'config.ts'],
  pipeline: ['core', 'config.ts', 'queries', 'crawl', 'filter', 'shard', 'train', 'eval', 'stats'],
};

function sourceFiles(folder: string): string[] {
  return readdirSync(join(src, folder), { recursive: true })
    .map((name) => join(src, folder, String(name)))
    .filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'));
}

function importsOf(file: string): string[] {
  const text = readFileSync(file, 'utf8');
  const found = text.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g);
  return [...found].map((match) => {
    const target = join(dirname(file), match[1] as string).replace(/\.js$/, '.ts');
    return relative(src, target);
  });
}

describe('layers', () => {
  for (const [folder, allowed] of Object.entries(ALLOWED)) {
    it(`${folder} imports only ${['itself', ...allowed].join(', ')}`, () => {
      const files = sourceFiles(folder);
      expect(files.length).toBeGreaterThan(0);
      for (const file of files) {
        for (const target of importsOf(file)) {
          const top = target.split('/')[0] as string;
          const ok = top === folder || allowed.includes(top);
          expect(ok, `${relative(src, file)} imports ${target}`).toBe(true);
        }
      }
    });
  }

  it('nothing but the command line prints or exits', () => {
    const printing = ['cli.ts', 'terminal.ts'];
    for (const file of sourceFiles('.')) {
      if (printing.includes(relative(src, file))) continue;
      const text = readFileSync(file, 'utf8');
      const what = /console\.|process\.(stdout|stderr|exit\b|argv)/.exec(text)?.[0];
      expect(what, `${relative(src, file)}`).toBeUndefined();
    }
  });
});
