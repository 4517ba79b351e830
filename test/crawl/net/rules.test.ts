import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { netSchema, RULE_NAMES } from '../../../src/config.js';
import { packageRoot } from '../../../src/core/version.js';
import { RULES } from '../../../src/crawl/index.js';
import { run } from '../../commands/command-line.js';

describe('the rules of politeness', () => {
  it('are all on by default, and a wrong name is an error', () => {
    expect(netSchema.parse({}).honour).toEqual([...RULE_NAMES]);
    expect(() => netSchema.parse({ honour: ['robots'] })).toThrow();
  });

  it('stand in docs/crawl.md, one a row, with their rejects', () => {
    const docs = readFileSync(join(packageRoot, 'docs', 'crawl.md'), 'utf8');
    const table = docs.split('| rule | standard | what it stops | reject |')[1]?.split('\n\n')[0];
    const rows = [...(table ?? '').matchAll(/^\| `([\w.-]+)` \| .* \| (.*) \|$/gm)];
    expect(rows.map((row) => row[1])).toEqual([...RULE_NAMES]);
    for (const [, name, rejects] of rows) {
      const { reasons } = RULES[name as keyof typeof RULES];
      expect(rejects, name).toBe(reasons.map((reason) => `\`${reason}\``).join(', ') || '–');
    }
  });

  it('are listed by the command line, for people and for machines', async () => {
    const flags = ['crawl-and-build', '--list-rules', '--set', 'net.honour=[robots.txt, tdm-file]'];
    const { code, stdout } = await run(flags);
    expect(code).toBe(0);
    for (const name of RULE_NAMES) {
      const isOn = ['robots.txt', 'tdm-file'].includes(name);
      const line = stdout.split('\n').find((text) => text.startsWith(`${name} `));
      expect(line, name).toMatch(isOn ? / on {2}\S/ : / off \S/);
    }
    const json = JSON.parse((await run([...flags, '--json'])).stdout);
    expect(json.value.rules).toEqual(
      RULE_NAMES.map((name) => ({
        name,
        on: ['robots.txt', 'tdm-file'].includes(name),
        default: true,
        ...RULES[name],
      })),
    );
  });
});
