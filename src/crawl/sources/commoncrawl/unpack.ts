/**
 * The bytes of an archive unpacked, piece by piece: gzip (RFC 1952) member by member, or as they are.
 * A WARC is packed one record a member (WARC 1.1, annex D), so a member is where reading can begin
 * again: damage costs the members it lies in, and no more.
 *
 * A member that fits in memory is unpacked in one synchronous call, several times faster than a stream
 * for members of a few kB. Others, such as an archive packed as a whole, go through a stream.
 */

import { crc32, createInflateRaw, type InflateRaw, inflateRawSync } from 'node:zlib';
import { messageOf, systemCode } from '../../../core/errors.js';
import { ByteWindow } from './byte-window.js';

export interface Unpacked {
  readonly type: 'bytes';
  readonly bytes: Buffer;
  /** Offset in the file: of the member, or of these bytes where nothing is packed. */
  readonly at: number;
  /** Whether a gzip member begins here. */
  readonly begins: boolean;
}

/** From `at` on something could not be unpacked; what follows comes from after it. */
export interface Unreadable {
  readonly type: 'damage';
  readonly at: number;
  readonly detail: string;
}

/** What one synchronous call takes and gives, at most. */
const MAX_PACKED_BYTES = 8 * 1024 * 1024;
const MAX_UNPACKED_BYTES = 32 * 1024 * 1024;
/** Taken at a time for what one call gives: the record of most pages fits into one. */
const CHUNK_BYTES = 32 * 1024;
/** Fed to a stream at a time: a thousandfold of it may come out before anybody looks. */
const SLICE_BYTES = 16 * 1024;
/** With this much at hand nearly every member is whole. */
const ENOUGH_BYTES = 256 * 1024;
const TRAILER_BYTES = 8;

const MAGIC = Buffer.from([0x1f, 0x8b, 0x08]);
const WARC = Buffer.from('WARC/');

export function isGzip(head: Buffer): boolean {
  return head.subarray(0, 2).equals(MAGIC.subarray(0, 2));
}

/** Unpacks what is packed; never throws but for what `source` throws. */
export async function* unpack(
  source: AsyncIterable<Buffer>,
): AsyncGenerator<Unpacked | Unreadable> {
  const window = new ByteWindow(source);
  await window.fill(MAGIC.length);
  if (isGzip(window.view())) {
    yield* members(window);
    return;
  }
  while (window.length > 0 || (await window.grow())) {
    // A copy, since the window's bytes move.
    const bytes = Buffer.from(window.view());
    const { at } = window;
    window.skip(bytes.length);
    yield { type: 'bytes', bytes, at, begins: false };
  }
}

async function* members(window: ByteWindow): AsyncGenerator<Unpacked | Unreadable> {
  /** After damage only what begins a record is taken for a member: any three bytes may look like one. */
  let lost = false;
  while ((await window.fill(ENOUGH_BYTES)) || window.length > 0) {
    const { at } = window;
    const member = await readMember(window);
    if (member.type === 'whole' && (!lost || startsRecord(member.bytes))) {
      lost = false;
      window.skip(member.packedBytes);
      yield { type: 'bytes', bytes: member.bytes, at, begins: true };
      continue;
    }
    let detail = member.type === 'bad' ? member.detail : 'no record begins here';
    if (member.type === 'large' && !lost) {
      const failure = yield* streamMember(window, member.headerBytes);
      if (failure === undefined) continue;
      detail = failure;
    }
    if (!lost) yield { type: 'damage', at, detail };
    lost = true;
    await seekMember(window, at);
  }
}

type Member =
  | { readonly type: 'whole'; readonly bytes: Buffer; readonly packedBytes: number }
  | { readonly type: 'large'; readonly headerBytes: number }
  | { readonly type: 'bad'; readonly detail: string };

/** The member at the window's start, which stays there. */
async function readMember(window: ByteWindow): Promise<Member> {
  for (;;) {
    const view = window.view();
    const headerBytes = headerLength(view);
    if (headerBytes === 'none') return { type: 'bad', detail: 'no gzip member begins here' };
    if (headerBytes !== 'short') {
      try {
        const { buffer, engine } = inflateRawSync(view.subarray(headerBytes), {
          info: true,
          maxOutputLength: MAX_UNPACKED_BYTES,
          chunkSize: CHUNK_BYTES,
        }) as unknown as { buffer: Buffer; engine: { bytesWritten: number } };
        const trailer = headerBytes + engine.bytesWritten;
        if (view.length >= trailer + TRAILER_BYTES) {
          const problem = checkTrailer(view.subarray(trailer), crc32(buffer), buffer.length);
          if (problem !== undefined) return { type: 'bad', detail: problem };
          return { type: 'whole', bytes: buffer, packedBytes: trailer + TRAILER_BYTES };
        }
      } catch (error) {
        const code = systemCode(error);
        if (code === 'ERR_BUFFER_TOO_LARGE') return { type: 'large', headerBytes };
        if (code !== 'Z_BUF_ERROR') return { type: 'bad', detail: `gzip: ${messageOf(error)}` };
        if (view.length >= MAX_PACKED_BYTES) return { type: 'large', headerBytes };
      }
    }
    // Not all of it is here. Twice as much, so that a long member is not begun too often.
    const { length } = view;
    await window.fill(length * 2);
    if (window.length === length) {
      return { type: 'bad', detail: 'the file ends within a gzip member' };
    }
  }
}

/** Bytes of the gzip header at the start of `view` (RFC 1952, §2.3). */
function headerLength(view: Buffer): number | 'short' | 'none' {
  if (!view.subarray(0, 3).equals(MAGIC.subarray(0, view.length))) return 'none';
  if (view.length < 10) return 'short';
  const flags = view[3] as number;
  if ((flags & 0xe0) !== 0) return 'none';
  let at = 10;
  if (flags & 0x04) {
    if (view.length < at + 2) return 'short';
    at += 2 + view.readUInt16LE(at);
  }
  for (const flag of [0x08, 0x10]) {
    if ((flags & flag) === 0) continue;
    const end = view.indexOf(0, at);
    if (end === -1) return 'short';
    at = end + 1;
  }
  if (flags & 0x02) at += 2;
  return at <= view.length ? at : 'short';
}

function checkTrailer(trailer: Buffer, crc: number, length: number): string | undefined {
  if (trailer.readUInt32LE(0) !== crc) return 'gzip: the checksum is wrong';
  if (trailer.readUInt32LE(4) !== length % 2 ** 32) return 'gzip: the length is wrong';
  return undefined;
}

function startsRecord(bytes: Buffer): boolean {
  return bytes.subarray(0, WARC.length).equals(WARC);
}

/** Moves the window from the member at `from` to what may be the next, or to the end. */
async function seekMember(window: ByteWindow, from: number): Promise<void> {
  if (window.at === from) window.skip(1);
  for (;;) {
    const found = window.view().indexOf(MAGIC);
    if (found !== -1) {
      window.skip(found);
      return;
    }
    window.skip(Math.max(0, window.length - (MAGIC.length - 1)));
    if (!(await window.grow())) {
      window.skip(window.length);
      return;
    }
  }
}

/** Unpacks the member at the window's start as it comes, and moves past it; gives what was wrong. */
async function* streamMember(
  window: ByteWindow,
  headerBytes: number,
): AsyncGenerator<Unpacked, string | undefined> {
  const { at } = window;
  window.skip(headerBytes);
  const inflate = createInflateRaw();
  const out: Buffer[] = [];
  let ended = false;
  inflate.on('data', (bytes: Buffer) => out.push(bytes));
  inflate.on('end', () => {
    ended = true;
  });
  let crc = 0;
  let length = 0;
  let begins = true;
  try {
    while (!ended) {
      const more = await window.fill(1);
      const before = inflate.bytesWritten;
      await write(inflate, more ? window.view().subarray(0, SLICE_BYTES) : undefined);
      window.skip(inflate.bytesWritten - before);
      for (const bytes of out.splice(0)) {
        crc = crc32(bytes, crc);
        length += bytes.length;
        yield { type: 'bytes', bytes, at, begins };
        begins = false;
      }
    }
  } catch (error) {
    const short = systemCode(error) === 'Z_BUF_ERROR';
    return short ? 'the file ends within a gzip member' : `gzip: ${messageOf(error)}`;
  } finally {
    inflate.destroy();
  }
  if (!(await window.fill(TRAILER_BYTES))) {
    return 'the file ends within a gzip member';
  }
  const trailer = Buffer.from(window.view().subarray(0, TRAILER_BYTES));
  window.skip(TRAILER_BYTES);
  return checkTrailer(trailer, crc, length);
}

/** Hands over a slice, or the end; resolves when it is worked through. */
function write(inflate: InflateRaw, slice: Buffer | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: unknown) => reject(error);
    const done = () => {
      inflate.off('error', onError);
      // The end, where this was it, is told in the next turn.
      setImmediate(resolve);
    };
    inflate.once('error', onError);
    if (slice === undefined) inflate.end(done);
    else inflate.write(slice, (error) => (error ? reject(error) : done()));
  });
}
