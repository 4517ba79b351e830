import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WitError } from '../../src/core/errors.js';
import {
  commitFile,
  fileDigest,
  temporaryPath,
  writeAtomically,
  writeError,
} from '../../src/core/store.js';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'wit-store-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

describe('atomic files', () => {
  it('appear whole under their final name, in folders made on the way', async () => {
    const path = join(dir, 'a', 'b.txt');
    const temporary = await temporaryPath(path);
    await writeFile(temporary, 'content');
    expect(await readdir(join(dir, 'a'))).not.toContain('b.txt');
    await commitFile(temporary, path);
    expect(await readdir(join(dir, 'a'))).toEqual(['b.txt']);
    await writeAtomically(path, 'newer');
    expect(await readFile(path, 'utf8')).toBe('newer');
    expect(await fileDigest(path)).toEqual({
      bytes: 5,
      sha256: '804f51f71254c4081e37e7c887073560f4a6fa6cdad202e9ac67e032c43ed1e1',
    });
  });

  it('name the path and the remedy when they cannot be written', async () => {
    await writeFile(join(dir, 'file'), '');
    const failure = await writeAtomically(join(dir, 'file', 'x'), 'y').catch((e: unknown) => e);
    expect(failure).toBeInstanceOf(WitError);
    expect((failure as WitError).message).toContain(join(dir, 'file', 'x'));
    const full = Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' });
    expect(writeError('/data/x', full).hint).toContain('disk is full');
  });
});
