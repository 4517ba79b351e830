import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { configSchema } from '../src/config.js';
import { packageRoot } from '../src/core/version.js';

const docs = readFileSync(join(packageRoot, 'docs', 'config.md'), 'utf8');

interface Section {
  properties: Record<string, { default?: unknown } & Partial<Section>>;
}

/** The keys of a section with their defaults; those of a section within it, where the docs have one, as `search.engines`. */
function keysOf(section: string, { properties }: Section): Map<string, unknown> {
  const keys = new Map<string, unknown>();
  for (const [key, value] of Object.entries(properties)) {
    keys.set(key, value.default);
    if (!docs.includes(`\n### \`${section}.${key}\`\n`)) continue;
    for (const [name, inner] of Object.entries(value.properties ?? {})) {
      keys.set(`${key}.${name}`, inner.default);
    }
  }
  return keys;
}

describe('docs/config.md', () => {
  const schema = z.toJSONSchema(configSchema, { io: 'input', unrepresentable: 'any' });
  const sections = Object.entries(schema.properties ?? {}).filter(
    ([, value]) => typeof value === 'object' && 'properties' in value,
  ) as [string, Section][];

  it('has a section for each part of the settings', () => {
    const titles = [...docs.matchAll(/^## `(\w+)`$/gm)].map((match) => match[1]);
    expect(titles.sort()).toEqual(sections.map(([name]) => name).sort());
  });

  for (const [name, section] of sections) {
    it(`lists every key of ${name} with its default, and no other`, () => {
      const text = docs.split(`## \`${name}\``)[1]?.split('\n## ')[0] ?? '';
      const rows = [...text.matchAll(/^\| `([\w.]+)` \| (.*?) \| (.+) \|$/gm)];
      const said = new Map(rows.map((row) => [row[1] as string, row[2] as string]));
      expect([...said.keys()].sort()).toEqual([...keysOf(name, section).keys()].sort());
      for (const [key, value] of keysOf(name, section)) {
        const shown = said.get(key) as string;
        if (value === undefined) expect(shown, key).toBe('–');
        else expect(JSON.parse(shown.slice(1, -1).replaceAll("'", '"')), key).toEqual(value);
      }
    });
  }
});
