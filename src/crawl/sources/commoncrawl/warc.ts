/**
 * WARC records (ISO 28500; WARC 1.1, https://iipc.github.io/warc-specifications/) out of a stream of
 * bytes, packed or not. A record that is damaged costs itself: reading goes on at the next line that
 * begins one, or the next gzip member.
 */

import type { Loss } from '../../../core/reasons.js';
import { type Unpacked, unpack } from './unpack.js';

export interface WarcRecord {
  readonly type: 'record';
  /** Offset in the file of the record, or of the gzip member that holds its end. */
  readonly at: number;
  /** By lower-case name; of a repeated field the last. */
  readonly fields: ReadonlyMap<string, string>;
  /** The content block. */
  readonly block: Buffer;
}

export interface WarcDamage {
  readonly type: 'damage';
  readonly at: number;
  readonly loss: Loss;
}

/** Of one record's block. Longer ones are passed over. */
export const MAX_BLOCK_BYTES = 32 * 1024 * 1024;
const MAX_HEADER_BYTES = 64 * 1024;

const MARK = Buffer.from('WARC/');
const HEADER_END = Buffer.from('\r\n\r\n');
const [CR, LF] = [0x0d, 0x0a];

/** The records of an archive in order, in batches, and where one could not be read. */
export async function* readWarc(
  source: AsyncIterable<Buffer>,
): AsyncGenerator<(WarcRecord | WarcDamage)[]> {
  const parser = new WarcParser();
  for await (const piece of unpack(source)) {
    if (piece.type === 'bytes') {
      yield parser.push(piece);
      continue;
    }
    const { at, detail } = piece;
    // A record that waits for its rest will not get it: the rest is what could not be unpacked.
    const before = parser.end().filter(({ type }) => type === 'record');
    yield [...before, { type: 'damage', at, loss: { reason: 'bad_record', detail } }];
  }
  yield parser.end();
}

/** Takes bytes as they come. Between calls it holds the beginning of one record at most. */
class WarcParser {
  #waiting: Buffer[] = [];
  #bytes = 0;
  /** Not worth another look with fewer bytes. */
  #needed = 0;
  /** Offset of the first waiting byte; with packed bytes, of the member that came last. */
  #at = 0;
  #packed = false;
  /** True while the beginning of a record is being looked for. */
  #lost = false;

  push({ bytes, at, begins }: Unpacked): (WarcRecord | WarcDamage)[] {
    const items: (WarcRecord | WarcDamage)[] = [];
    if (begins) {
      this.#packed = true;
      if (bytes.subarray(0, MARK.length).equals(MARK)) {
        items.push(...this.end());
      }
    }
    if (this.#packed || this.#bytes === 0) this.#at = at;
    this.#waiting.push(bytes);
    this.#bytes += bytes.length;
    if (this.#bytes >= this.#needed) this.#parse(items, false);
    return items;
  }

  /** Nothing more will come for what is waiting. The next piece is a beginning. */
  end(): (WarcRecord | WarcDamage)[] {
    const items: (WarcRecord | WarcDamage)[] = [];
    if (this.#bytes > 0) {
      this.#parse(items, true);
      const blank = this.#waiting.every((bytes) => isBlank(bytes));
      if (!this.#lost && !blank) {
        items.push(this.#damage(this.#at, 'the record ends before its Content-Length'));
      }
    }
    this.#keep(Buffer.alloc(0), 0);
    this.#lost = false;
    return items;
  }

  #parse(items: (WarcRecord | WarcDamage)[], last: boolean): void {
    const data =
      this.#waiting.length === 1 ? (this.#waiting[0] as Buffer) : Buffer.concat(this.#waiting);
    const offset = (position: number) => this.#at + (this.#packed ? 0 : position);
    let start = 0;
    let needed = 0;
    for (;;) {
      if (this.#lost) {
        const found = findRecord(data, start);
        if (found === -1) {
          // A line end and the mark may have come without what follows them.
          start = Math.max(start, data.length - MARK.length - 1);
          break;
        }
        start = found;
        this.#lost = false;
      }
      while (data[start] === CR || data[start] === LF) start++;
      if (start >= data.length) break;
      const head = readHead(data, start);
      if (head === 'short') {
        needed = data.length - start + 1;
        break;
      }
      if ('problem' in head) {
        items.push(this.#damage(offset(start), head.problem));
        this.#lost = true;
        start += 1;
        continue;
      }
      const { fields, blockStart, length } = head;
      if (length > MAX_BLOCK_BYTES) {
        const detail = `Content-Length ${length}, at most ${MAX_BLOCK_BYTES} allowed`;
        const loss: Loss = { reason: 'too_many_bytes', detail };
        items.push({ type: 'damage', at: offset(start), loss });
        this.#lost = true;
        start = blockStart;
        continue;
      }
      const blockEnd = blockStart + length;
      const whole = last ? blockEnd : blockEnd + HEADER_END.length;
      if (data.length < whole) {
        needed = whole - start;
        break;
      }
      if (!endsRecord(data, blockEnd)) {
        const detail = `the record does not end after its Content-Length, ${length}`;
        items.push(this.#damage(offset(start), detail));
        this.#lost = true;
        start = blockStart;
        continue;
      }
      const block = data.subarray(blockStart, blockEnd);
      items.push({ type: 'record', at: offset(start), fields, block });
      start = Math.min(data.length, blockEnd + HEADER_END.length);
    }
    this.#at = offset(start);
    this.#keep(data.subarray(start), needed);
  }

  #keep(rest: Buffer, needed: number): void {
    this.#waiting = rest.length === 0 ? [] : [rest];
    this.#bytes = rest.length;
    this.#needed = needed;
  }

  #damage(at: number, detail: string): WarcDamage {
    return { type: 'damage', at, loss: { reason: 'bad_record', detail } };
  }
}

type Head =
  | 'short'
  | { readonly problem: string }
  | {
      readonly fields: Map<string, string>;
      readonly blockStart: number;
      readonly length: number;
    };

/** The version line and the named fields (§4). */
function readHead(data: Buffer, start: number): Head {
  const mark = data.subarray(start, start + MARK.length);
  if (!mark.equals(MARK.subarray(0, mark.length))) return { problem: 'no WARC record begins here' };
  const end = data.indexOf(HEADER_END, start);
  if (end === -1 || end - start > MAX_HEADER_BYTES) {
    const long = data.length - start > MAX_HEADER_BYTES;
    return long ? { problem: `a header of more than ${MAX_HEADER_BYTES} bytes` } : 'short';
  }
  const lines = data.toString('utf8', start, end).split('\r\n');
  if (!/^WARC\/\d+\.\d+$/.test(lines[0] as string)) {
    return { problem: `version ${JSON.stringify((lines[0] as string).slice(0, 40))}` };
  }
  const fields = new Map<string, string>();
  let name = '';
  for (let i = 1; i < lines.length; i++) {
    const line = lines[i] as string;
    // A line that begins with a space goes on with the one before it.
    if (line.startsWith(' ') || line.startsWith('\t')) {
      fields.set(name, `${fields.get(name) ?? ''} ${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(':');
    if (colon <= 0) return { problem: `field ${JSON.stringify(line.slice(0, 80))}` };
    name = line.slice(0, colon).trim().toLowerCase();
    fields.set(name, line.slice(colon + 1).trim());
  }
  const length = fields.get('content-length') ?? '';
  if (!/^\d{1,15}$/.test(length)) {
    return { problem: `Content-Length ${JSON.stringify(length.slice(0, 40))}` };
  }
  return { fields, blockStart: end + HEADER_END.length, length: Number(length) };
}

/** Two line ends, or the end of what there is. */
function endsRecord(data: Buffer, at: number): boolean {
  const end = data.subarray(at, at + HEADER_END.length);
  return end.equals(HEADER_END.subarray(0, end.length));
}

/** The next place where a line begins as a record does; -1 when there is none. */
function findRecord(data: Buffer, from: number): number {
  for (let at = data.indexOf(MARK, from); at !== -1; at = data.indexOf(MARK, at + 1)) {
    const digit = data[at + MARK.length];
    if (digit === undefined) return -1;
    if (data[at - 1] === LF && digit >= 0x30 && digit <= 0x39) return at;
  }
  return -1;
}

function isBlank(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === CR || byte === LF);
}
