import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { seeded } from '../../../bench/random.js';
import { MAX_BLOCK_BYTES } from '../../../src/crawl/sources/commoncrawl/warc.js';
import { packed, REAL, readAll, said, saidBy, withBlock } from './archives.js';

const EXPECTED = REAL.map(saidBy);

/** Members of 1,000 bytes each, whatever the records: as parallel packers write. */
function inBlocks(bytes: Buffer): Buffer {
  const blocks: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += 1_000) {
    blocks.push(gzipSync(bytes.subarray(at, at + 1_000)));
  }
  return Buffer.concat(blocks);
}

describe('WARC records', () => {
  const plain = Buffer.concat(REAL);
  it.each<[string, Buffer]>([
    ['plain', plain],
    ['packed one by one', packed(REAL)],
    ['packed as a whole', gzipSync(plain)],
    ['packed in blocks', inBlocks(plain)],
    [
      'packed by three',
      packed([0, 1, 2, 3, 4, 5, 6, 7, 8].map((i) => Buffer.concat(REAL.slice(3 * i, 3 * i + 3)))),
    ],
    [
      'with a name and a comment in the gzip header',
      named(packed(REAL.slice(0, 1)), packed(REAL.slice(1))),
    ],
  ])('reads the real ones, %s, in chunks of any size', async (_name, bytes) => {
    const random = seeded(1);
    for (const size of [1e9, 70_000, 4_096, 100, 7]) {
      const { records, damages } = await readAll(bytes, () => random() * size);
      expect(damages).toEqual([]);
      expect(records.map(said)).toEqual(EXPECTED);
    }
  });

  it('says where each began', async () => {
    const members = REAL.map((record) => gzipSync(record));
    const inMembers = (await readAll(Buffer.concat(members))).records.map(({ at }) => at);
    expect(inMembers).toEqual(members.map((_, i) => Buffer.concat(members.slice(0, i)).length));
    const inPlain = (await readAll(plain, () => 5_000)).records.map(({ at }) => at);
    expect(inPlain).toEqual(REAL.map((_, i) => Buffer.concat(REAL.slice(0, i)).length));
  });

  it('reads an archive packed as a whole that is larger than what is held at once', async () => {
    const random = seeded(7);
    const noise = Buffer.from(Array.from({ length: 1_000_000 }, () => random() * 256));
    const big = withBlock(REAL[1] as Buffer, noise);
    const records = Array.from({ length: 40 }, () => big);
    const whole = gzipSync(Buffer.concat([...records, REAL[2] as Buffer]));
    expect(whole.length).toBeGreaterThan(32 * 2 ** 20);
    const found = await readAll(whole);
    expect(found.damages).toEqual([]);
    expect(found.records.length).toBe(41);
    expect(found.records.every(({ block }, i) => i === 40 || block.equals(noise))).toBe(true);
    expect(said(found.records[40] as never)).toBe(saidBy(REAL[2] as Buffer));
    // Damage in the midst of it ends it: what came before is kept, what follows the member is read.
    whole[20 * 2 ** 20] = (whole[20 * 2 ** 20] as number) ^ 0xff;
    const damaged = await readAll(Buffer.concat([whole, packed(REAL)]));
    expect(damaged.damages.length).toBeGreaterThan(0);
    expect(damaged.records.slice(-REAL.length).map(said)).toEqual(EXPECTED);
  });

  it('loses no more than the records that are damaged, wherever and however', async () => {
    const random = seeded(3);
    const members = REAL.map((record) => gzipSync(record));
    const starts = members.map((_, i) => Buffer.concat(members.slice(0, i)).length);
    const total = starts.at(-1) as number;
    for (let round = 0; round < 300; round++) {
      const at = Math.floor(random() * total);
      const span = 1 + Math.floor(random() ** 3 * 3_000);
      const bytes = Buffer.concat(members);
      const kind = ['flip', 'noise', 'cut', 'zeros'][round % 4] as string;
      const end = Math.min(bytes.length, kind === 'flip' ? at + 1 : at + span);
      let damaged = bytes;
      if (kind === 'cut') damaged = Buffer.concat([bytes.subarray(0, at), bytes.subarray(end)]);
      else {
        for (let i = at; i < end; i++) {
          if (kind === 'flip') bytes[i] = (bytes[i] as number) ^ (1 << Math.floor(random() * 8));
          else bytes[i] = kind === 'zeros' ? 0 : Math.floor(random() * 256);
        }
      }
      const hit = (i: number) =>
        (starts[i] as number) < end && at < (starts[i] as number) + (members[i] as Buffer).length;
      const { records, damages } = await readAll(damaged, () => 10_000);
      const found = new Set(records.map(said));
      for (const [i, expected] of EXPECTED.entries()) {
        if (!hit(i)) expect(found.has(expected), `${kind} at ${at}: record ${i}`).toBe(true);
      }
      // Nothing is made up: what is found is what was there.
      for (const one of found) expect(EXPECTED, `${kind} at ${at}`).toContain(one);
      // A header's time, flags and system may change without harm, and zeros may meet zeros.
      if (found.size < EXPECTED.length) expect(damages.length).toBeGreaterThan(0);
      expect(damages.length).toBeLessThanOrEqual(EXPECTED.length - found.size + 2);
    }
  });

  it.each([true, false])(
    'gives the whole records of a truncated file (packed: %s)',
    async (isPacked) => {
      const parts = isPacked ? REAL.map((record) => gzipSync(record)) : REAL;
      const bytes = Buffer.concat(parts);
      const random = seeded(5);
      const ends = parts.map((_, i) => Buffer.concat(parts.slice(0, i + 1)).length);
      for (let round = 0; round < 200; round++) {
        const cut =
          round < ends.length ? (ends[round] as number) : Math.floor(random() * bytes.length);
        const { records, damages } = await readAll(bytes.subarray(0, cut), () => 20_000);
        const whole = ends.filter((end) => end <= cut).length;
        // Of a plain record the line ends that follow it may be missing.
        const some = records.length === whole ? whole : whole + 1;
        expect(records.map(said)).toEqual(EXPECTED.slice(0, some));
        if (some > whole) expect(ends[whole] as number).toBeLessThanOrEqual(cut + 4);
        const atBoundary = cut === 0 || ends.includes(cut) || some > whole;
        expect(damages.map(({ loss }) => loss.reason)).toEqual(atBoundary ? [] : ['bad_record']);
      }
    },
  );

  const [, one, two, three] = REAL as [Buffer, Buffer, Buffer, Buffer];
  const header = (from: string | RegExp, to: string) => {
    const end = two.indexOf('\r\n\r\n');
    const head = two.toString('latin1', 0, end).replace(from, to);
    return Buffer.concat([Buffer.from(head, 'latin1'), two.subarray(end)]);
  };
  describe.each<[string, Buffer, string]>([
    [
      'a length too short',
      header(/^(Content-Length: ).*$/m, '$17'),
      'does not end after its Content-Length',
    ],
    ['a length too long', header(/^(Content-Length: ).*$/m, '$1500'), 'Content-Length'],
    ['a length without end', header(/^(Content-Length: ).*$/m, '$1999999999999'), 'allowed'],
    ['no length', header(/^Content-Length: .*\r\n/m, ''), 'Content-Length'],
    ['a negative length', header(/^(Content-Length: ).*$/m, '$1-1'), 'Content-Length "-1"'],
    ['another version line', header('WARC/1.0', 'WARC/one'), 'version'],
    ['a line that is no field', header('WARC-Date', 'nothing\r\nWARC-Date'), 'field "nothing"'],
    ['no beginning', header('WARC/1.0', 'HTTP/1.1'), 'no WARC record begins here'],
  ])('with %s', (_name, bad, detail) => {
    it.each([true, false])('costs that record (packed: %s)', async (isPacked) => {
      const parts = [one, bad, three, one];
      const bytes = isPacked ? packed(parts) : Buffer.concat(parts);
      for (const size of [1e6, 333, 11]) {
        const { records, damages } = await readAll(bytes, () => size);
        expect(records.map(said)).toEqual([one, three, one].map(saidBy));
        expect(damages.length).toBe(1);
        expect(damages[0]?.loss.detail).toMatch(detail);
        const before = isPacked ? gzipSync(one).length : one.length;
        expect(damages[0]?.at).toBe(before);
      }
    });
  });

  it('passes over a record that is too long, and over a bomb', async () => {
    const long = withBlock(two, Buffer.alloc(MAX_BLOCK_BYTES + 1, 0x20));
    const bomb = gzipSync(Buffer.alloc(300_000_000));
    for (const bytes of [packed([one, long, three]), Buffer.concat([one, long, three])]) {
      const { records, damages } = await readAll(bytes);
      expect(records.map(said)).toEqual([one, three].map(saidBy));
      expect(damages.map(({ loss }) => loss.reason)).toEqual(['too_many_bytes']);
    }
    const before = process.memoryUsage().rss;
    const { records, damages } = await readAll(
      Buffer.concat([packed([one]), bomb, packed([three])]),
    );
    expect(records.map(said)).toEqual([one, three].map(saidBy));
    expect(damages.length).toBe(1);
    expect(process.memoryUsage().rss - before).toBeLessThan(250e6);
  });

  it('finds nothing in what is no archive, and says so once', async () => {
    for (const text of [
      '<!doctype html><p>Not found',
      'PK\u0003\u0004'.repeat(9_999),
      '\u001f\u008bnot gzip',
    ]) {
      const { records, damages } = await readAll(Buffer.from(text, 'latin1'));
      expect(records).toEqual([]);
      expect(damages.length).toBe(1);
    }
    expect(await readAll(Buffer.alloc(0))).toEqual({ records: [], damages: [] });
  });
});

/** A gzip member with a file name and a comment in its header (RFC 1952, §2.3), and what follows. */
function named(member: Buffer, rest: Buffer): Buffer {
  const header = Buffer.from(member.subarray(0, 10));
  header[3] = 0x04 | 0x08 | 0x10;
  const extra = Buffer.from([4, 0, 0x73, 0x6c, 0, 0]);
  const names = Buffer.from('name.warc\0a comment\0', 'latin1');
  return Buffer.concat([header, extra, names, member.subarray(10), rest]);
}
