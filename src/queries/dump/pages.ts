/**
 * Finds the pages of a MediaWiki export (schema 0.3 to 0.11) in a stream of bytes, without an XML
 * parser: the export escapes every `<` of a page's text, so tags are found by plain search. Works
 * from any point of the stream: bytes before the first `<page>` and after the last `</page>` are
 * handed back, for whoever reads the parts before and after.
 */

import { isUtf8 } from 'node:buffer';
import { decodeXML } from 'entities';

/** A page; `buffer[start, end)` is its text, still escaped, valid until the next call. */
export interface Page {
  namespace: number;
  title: string;
  /** Where the page redirects to. */
  redirect: string | undefined;
  buffer: Buffer;
  start: number;
  end: number;
}

/** Why a page was left out. */
export type PageLoss = 'unclosed_page' | 'overlong_page' | 'bad_page' | 'bad_utf8' | 'damaged_page';

export interface PageHandler {
  page(page: Page): void;
  lost(reason: PageLoss): void;
}

/** The edges of a part of a dump; see `PageScanner.finish`. */
export interface Seam {
  head: Buffer;
  gap: boolean;
  tail: Buffer;
}

const PAGE = Buffer.from('<page>');
const PAGE_END = Buffer.from('</page>');
const TITLE = Buffer.from('<title>');
const NAMESPACE = Buffer.from('<ns>');
const REDIRECT = Buffer.from('<redirect title="');
const REVISION = Buffer.from('<revision');
const TEXT = Buffer.from('<text');
const TEXT_END = Buffer.from('</text>');
const LESS = 0x3c;
const GREATER = 0x3e;
const SLASH = 0x2f;
const QUOTE = 0x22;

/** MediaWiki caps a text at 2 MB; escaped, and with its frame, a page stays far below this. */
const LONGEST_PAGE = 64 << 20;

export class PageScanner {
  readonly #handler: PageHandler;
  #window = Buffer.allocUnsafe(4 << 20);
  /** The unread part of the window. */
  #start = 0;
  #end = 0;
  /** Where the search for the end of the open page goes on. */
  #searched = 0;
  /** Inside `<page>`: `#start` stands at it. */
  #inPage = false;
  /** Nothing was seen yet of which the beginning is known. */
  #atHead = true;
  readonly #head: Buffer[] = [];
  /** Bytes are dropped until the next `<page>`: what stands here lost its beginning. */
  #skipping = false;
  #headCut = false;

  constructor(handler: PageHandler) {
    this.#handler = handler;
  }

  push(chunk: Uint8Array): void {
    this.#append(chunk);
    while (this.#step());
  }

  /** Bytes are missing here: the open page is lost, and reading goes on at the next one. */
  gap(): void {
    if (this.#inPage) this.#handler.lost('damaged_page');
    if (this.#atHead) {
      this.#endHead(this.#end);
      this.#headCut = true;
    }
    this.#start = this.#end;
    this.#inPage = false;
    this.#skipping = true;
  }

  /**
   * What belongs to the parts before and after: the bytes before the first `<page>` (everything, where
   * there is none) and those after the last whole page. `gap`: bytes are missing between the two.
   */
  finish(): Seam {
    if (this.#atHead) this.#endHead(this.#end);
    const tail = this.#skipping ? '' : this.#window.subarray(this.#start, this.#end);
    return {
      head: Buffer.concat(this.#head),
      gap: this.#headCut || this.#skipping,
      tail: Buffer.from(tail),
    };
  }

  /** Ends the stream: a page that is still open has lost its end. */
  close(): void {
    if (this.#inPage) this.#handler.lost('unclosed_page');
  }

  /** One step; false when more bytes are needed. */
  #step(): boolean {
    return this.#inPage ? this.#readPage() : this.#findPage();
  }

  #findPage(): boolean {
    const view = this.#window.subarray(0, this.#end);
    const at = view.indexOf(PAGE, this.#start);
    if (at === -1) {
      // `<page>` may be cut here; everything before its possible beginning is done with.
      const keep = Math.max(this.#start, this.#end - (PAGE.length - 1));
      if (this.#atHead) this.#head.push(Buffer.from(view.subarray(this.#start, keep)));
      this.#start = keep;
      return false;
    }
    if (this.#atHead) this.#endHead(at);
    this.#start = at;
    this.#searched = at + PAGE.length;
    this.#inPage = true;
    this.#skipping = false;
    return true;
  }

  #endHead(at: number): void {
    this.#head.push(Buffer.from(this.#window.subarray(this.#start, at)));
    this.#start = at;
    this.#atHead = false;
  }

  #readPage(): boolean {
    const view = this.#window.subarray(0, this.#end);
    const end = view.indexOf(PAGE_END, this.#searched);
    const next = view.subarray(0, end === -1 ? this.#end : end).indexOf(PAGE, this.#searched);
    if (next !== -1) {
      this.#handler.lost('unclosed_page');
      this.#start = next;
      this.#searched = next + PAGE.length;
      return true;
    }
    if (end === -1) {
      this.#searched = Math.max(this.#searched, this.#end - (PAGE_END.length - 1));
      if (this.#end - this.#start > LONGEST_PAGE) {
        this.#handler.lost('overlong_page');
        this.#inPage = false;
        this.#skipping = true;
        this.#start = this.#searched;
        return true;
      }
      return false;
    }
    this.#parse(view.subarray(this.#start, end));
    this.#start = end + PAGE_END.length;
    this.#inPage = false;
    return true;
  }

  #parse(page: Buffer): void {
    const frame = page.indexOf(REVISION);
    const front = frame === -1 ? page : page.subarray(0, frame);
    const title = content(front, TITLE);
    const namespace = content(front, NAMESPACE);
    if (title === undefined || namespace === undefined || !/^-?\d+$/.test(namespace)) {
      this.#handler.lost('bad_page');
      return;
    }
    const redirectAt = front.indexOf(REDIRECT);
    let redirect: string | undefined;
    if (redirectAt !== -1) {
      const from = redirectAt + REDIRECT.length;
      const to = front.indexOf(QUOTE, from);
      if (to !== -1) redirect = decodeXML(front.toString('utf8', from, to));
    }
    const [start, end] = lastText(page);
    if (!isUtf8(page.subarray(start, end)) || !isUtf8(front)) {
      this.#handler.lost('bad_utf8');
      return;
    }
    this.#handler.page({
      namespace: Number(namespace),
      title: decodeXML(title),
      redirect,
      buffer: page,
      start,
      end,
    });
  }

  #append(chunk: Uint8Array): void {
    if (this.#end + chunk.length > this.#window.length) {
      const held = this.#end - this.#start;
      let target = this.#window;
      if (held + chunk.length > this.#window.length / 2) {
        target = Buffer.allocUnsafe(2 * Math.max(this.#window.length, held + chunk.length));
      }
      this.#window.copy(target, 0, this.#start, this.#end);
      this.#window = target;
      this.#searched -= this.#start;
      this.#start = 0;
      this.#end = held;
    }
    this.#window.set(chunk, this.#end);
    this.#end += chunk.length;
  }
}

function content(front: Buffer, tag: Buffer): string | undefined {
  const at = front.indexOf(tag);
  if (at === -1) return undefined;
  const end = front.indexOf(LESS, at + tag.length);
  return end === -1 ? undefined : front.toString('utf8', at + tag.length, end);
}

/** The text of the last revision; empty where there is none. */
function lastText(page: Buffer): [number, number] {
  let start = 0;
  let end = 0;
  for (let at = page.indexOf(TEXT); at !== -1; at = page.indexOf(TEXT, at)) {
    const open = page.indexOf(GREATER, at);
    if (open === -1) break;
    if (page[open - 1] === SLASH) {
      start = end = at = open;
      continue;
    }
    const close = page.indexOf(TEXT_END, open);
    start = open + 1;
    end = close === -1 ? page.length : close;
    at = end;
  }
  return [start, end];
}
