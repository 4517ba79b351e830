import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { configSchema } from '../src/config.js';
import { packageRoot } from '../src/core/version.js';

const docs = readFileSync(join(packageRoot, 'docs', 'config.md'), 'utf8');

interface Section {
  properties: Record<string, { default?: unknown }>;
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
      const rows = [...text.matchAll(/^\| `(\w+)` \| (.*?) \| (.+) \|$/gm)];
      const said = new Map(rows.map((row) => [row[1] as string, row[2] as string]));
      expect([...said.keys()].sort()).toEqual(Object.keys(section.properties).sort());
      for (const [key, { default: value }] of Object.entries(section.properties)) {
        const shown = said.get(key) as string;
        if (value === undefined) expect(shown, key).toBe('–');
        else expect(JSON.parse(shown.slice(1, -1).replaceAll("'", '"')), key).toEqual(value);
      }
    });
  }
});
