import { parse } from 'csv-parse/sync';
import { describe, expect, it } from 'vitest';
import {
  type ListRecord,
  type RecordKind,
  RecordSplitter,
} from '../../../../src/crawl/sources/lists/records.js';
import { prng } from '../../../filter/prng.js';

/** A number below `n`, seeded. */
type Below = (n: number) => number;

function below(seed: number): Below {
  const random = prng(seed);
  return (n) => Math.floor(random() * n);
}

const ALPHABET = ['a', 'b', '"', '"', ',', '\t', '\n', '\n', '\r\n', '\r', ' ', 'é'];

function text(random: Below, length: number): Buffer {
  return Buffer.from(
    Array.from({ length }, () => ALPHABET[random(ALPHABET.length)] as string).join(''),
  );
}

/** All rows of `bytes`, given in pieces of random lengths. */
function split(
  kind: RecordKind,
  bytes: Buffer,
  options: { offset?: number; maxRowBytes?: number; random?: Below } = {},
): ListRecord[] {
  const { offset = 0, maxRowBytes = 1_000, random } = options;
  const splitter = new RecordSplitter(kind, offset, maxRowBytes);
  const records: ListRecord[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = random === undefined ? bytes.length : at + 1 + random(8);
    records.push(...splitter.push(Buffer.from(bytes.subarray(at, end))));
    at = end;
  }
  return [...records, ...splitter.push(Buffer.alloc(0), true)];
}

const plain = (records: readonly ListRecord[]) =>
  records.map(({ at, bytes, bad }) => [at, bytes.toString('latin1'), bad]);

const kinds: RecordKind[] = ['lines', 'csv', 'tsv'];

describe('RecordSplitter', () => {
  it.each(kinds)('finds the same rows however the file comes in: %s', (kind) => {
    const random = below(1);
    for (let n = 0; n < 2_000; n++) {
      const bytes = text(random, random(60));
      const maxRowBytes = 1 + random(40);
      const whole = plain(split(kind, bytes, { maxRowBytes }));
      expect(plain(split(kind, bytes, { maxRowBytes, random }))).toEqual(whole);
    }
  });

  it.each(kinds)('finds the same rows from any row up to any other: %s', (kind) => {
    const random = below(2);
    for (let n = 0; n < 1_000; n++) {
      const bytes = text(random, random(60));
      const maxRowBytes = 1 + random(40);
      const records = split(kind, bytes, { maxRowBytes });
      for (let from = 0; from < records.length; from++) {
        for (let to = from + 1; to <= records.length; to++) {
          const offset = records[from]?.at as number;
          const part = bytes.subarray(offset, records[to]?.at ?? bytes.length);
          expect(plain(split(kind, part, { offset, maxRowBytes, random }))).toEqual(
            plain(records.slice(from, to)),
          );
        }
      }
    }
  });

  it.each(['csv', 'tsv'] as const)('agrees with the parser on where rows end: %s', (kind) => {
    const random = below(3);
    let compared = 0;
    for (let n = 0; n < 5_000; n++) {
      const bytes = text(random, random(60));
      const records = split(kind, bytes);
      if (records.some(({ bad }) => bad !== undefined)) continue;
      const fields = (buffer: Buffer) =>
        parse(buffer, {
          delimiter: kind === 'csv' ? ',' : '\t',
          record_delimiter: ['\r\n', '\n'],
          relax_column_count: true,
          relax_quotes: true,
          skip_empty_lines: true,
        });
      expect(records.flatMap((record) => fields(record.bytes))).toEqual(fields(bytes));
      compared += 1;
    }
    expect(compared).toBeGreaterThan(1_000);
  });

  it('calls a row spoilt exactly when the parser finds its quote open', () => {
    const random = below(4);
    let spoilt = 0;
    for (let n = 0; n < 2_000; n++) {
      const bytes = text(random, random(30));
      const open = split('csv', bytes).some(({ bad }) => bad !== undefined);
      const parsing = () =>
        parse(bytes, {
          record_delimiter: ['\r\n', '\n'],
          relax_column_count: true,
          relax_quotes: true,
          skip_empty_lines: true,
        });
      if (open) expect(parsing).toThrow(/Quote Not Closed/);
      else expect(parsing).not.toThrow();
      if (open) spoilt += 1;
    }
    expect(spoilt).toBeGreaterThan(100);
  });

  it('loses one line to a quote that does not close, far from the end too', () => {
    const rows = Array.from({ length: 100 }, (_, n) => `${n},row ${n}\n`);
    rows[40] = '40,"row 40\n';
    const records = split('csv', Buffer.from(rows.join('')), { maxRowBytes: 50, random: below(5) });
    expect(records).toHaveLength(100);
    expect(records.flatMap(({ bad }, n) => (bad === undefined ? [] : [[n, bad]]))).toEqual([
      [40, 'a quote that opens a field is never closed'],
    ]);
  });

  it('finds the elements of a JSON array from any one up to any other', () => {
    const random = below(6);
    const value = (depth: number): unknown => {
      const kind = random(depth > 2 ? 3 : 5);
      if (kind === 0) return random(1_000) - 500;
      if (kind === 1) return ['a"b', '\\', '\\"', ']},[{', 'é\n', ''][random(6)];
      if (kind === 2) return [null, true, 0.5][random(3)];
      const items = Array.from({ length: random(4) }, () => value(depth + 1));
      return kind === 3 ? items : Object.fromEntries(items.map((item, n) => [`"k${n}`, item]));
    };
    for (let n = 0; n < 500; n++) {
      const values = Array.from({ length: random(6) }, () => value(0));
      const bytes = Buffer.from(` ${JSON.stringify(values, null, random(3))}\n`);
      const start = bytes.indexOf('[') + 1;
      const records = split('array', bytes.subarray(start), { offset: start, random });
      expect(records.map((record) => JSON.parse(record.bytes.toString()))).toEqual(values);
      for (let from = 0; from < records.length; from++) {
        for (let to = from + 1; to <= records.length; to++) {
          const offset = records[from]?.at as number;
          const part = bytes.subarray(offset, records[to]?.at ?? bytes.length);
          const again = split('array', part, { offset });
          expect(again.map(({ at }) => at)).toEqual(records.slice(from, to).map(({ at }) => at));
          expect(again.map((record) => JSON.parse(record.bytes.toString()))).toEqual(
            values.slice(from, to),
          );
        }
      }
    }
  });
});
