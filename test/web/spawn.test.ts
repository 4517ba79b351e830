import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { spawnInternet } from './spawn.js';

/** Compiled by the build, which comes before the tests. */
const script = fileURLToPath(new URL('../../dist/test/web/serve.js', import.meta.url));

describe('the small internet as a process', () => {
  it('says where it listens, serves, and ends when it is let go', async () => {
    const internet = await spawnInternet({ concepts: 8, troubles: false, px: 32 }, script);
    expect(internet.connectTo).toEqual([`::127.0.0.1:${internet.port}`]);
    expect(internet.seeds[0]).toBe('http://front.test/');
    expect(internet.hosts).toContain('twemoji.test');
    const answer = await fetch(`http://127.0.0.1:${internet.port}/`);
    // Nobody is called 127.0.0.1 there.
    expect(answer.status).toBe(404);
    await internet.close();
    expect(() => process.kill(internet.pid, 0)).toThrow(/ESRCH/);
  });

  it('reports that it could not start', async () => {
    await expect(spawnInternet({ px: -1 }, script)).rejects.toThrow(
      /code 1:[\s\S]*even number of pixels, got -1/,
    );
  });
});
