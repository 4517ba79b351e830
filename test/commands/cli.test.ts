import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allCommands } from '../../src/commands/index.js';
import { version } from '../../src/core/version.js';
import { run } from './command-line.js';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wit-cli-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

describe('wit', () => {
  it('lists its commands, and each explains its flags with examples', async () => {
    const { code, stdout } = await run(['--help']);
    expect(code).toBe(0);
    for (const { name, summary } of allCommands) {
      expect(stdout).toContain(name);
      expect(stdout.replace(/\s+/g, ' ')).toContain(summary.slice(0, 30));
    }
    const help = await run(['train-from-shards', '--help']);
    expect(help.stdout).toContain('--batch-size <n>');
    expect(help.stdout).toContain('Examples:');
    expect((await run(['--version'])).stdout.trim()).toBe(version);
  });

  it.each([
    ['an unknown command', ['crawl'], 2, "unknown command 'crawl'"],
    ['a missing argument', ['stats'], 2, "missing required argument 'dataset'"],
    ['a folder without a dataset', ['stats', '/nowhere'], 1, '/nowhere holds no dataset'],
    ['training on nothing', ['train-from-shards', '/nowhere', '--steps', '1'], 1, '/nowhere'],
    ['an unknown model', ['train-from-shards', '/nowhere', '--model', 'x'], 1, '/nowhere'],
    ['no images', ['eval', '/nowhere'], 1, 'Give --images PATH'],
    ['an unknown task', ['eval', 'x', '--images', 'y', '--task', 'z'], 1, '"z"'],
    ['a --set without value', ['demo', '--set', 'seed'], 1, 'KEY=VALUE'],
    ['a Python that is not there', ['doctor', '--python', '/nowhere/python'], 1, '/nowhere/python'],
    [
      'a missing settings file',
      ['crawl-and-build', '--config', '/nowhere.yaml'],
      1,
      '/nowhere.yaml',
    ],
  ])('%s: says so and exits non-zero', async (_, args, wanted, said) => {
    const { code, stderr } = await run(args);
    expect(code, stderr).toBe(wanted);
    expect(stderr).toContain(said);
    expect(stderr).not.toContain('defect of wit');
  });

  it('speaks JSON lines to machines, errors included', async () => {
    const config = join(dir, 'wit.yaml');
    await writeFile(config, 'filter: { cap: 0 }\n');
    const { code, stdout, stderr } = await run(['crawl-and-build', '--json', '--config', config]);
    expect(code).toBe(1);
    expect(stdout).toBe('');
    const lines = stderr
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(lines.at(-1)).toMatchObject({ type: 'error', code: 'config' });
    const doctor = await run(['doctor', '--json']);
    expect(JSON.parse(doctor.stdout)).toMatchObject({
      type: 'result',
      value: { wit: version, engine: { problems: [] } },
    });
  });
});
