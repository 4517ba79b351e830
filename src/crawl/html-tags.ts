/**
 * A page's tags, event by event and properly nested, whatever its HTML. htmlparser2's tokenizer finds the
 * tags: what is a tag, an attribute, an entity, a comment or raw text is the library's to say. What stands
 * here in place of its `Parser` does the same with them (a test compares the two), for one reason: that
 * takes the square of the depth. Measured with 10.1.0 (12.0.0 has the same stack) on 1.2 MB of `<b>`: 26 s,
 * in which a crawler does nothing else, against 0.07 s here; a page may have 5 MB. Besides, this takes
 * attributes and text out of the page only where somebody wants them: 0.35 ms for a page of 29 kB against
 * 0.42 to 0.49 ms, and 1.42 ms for cheerio's tree (1,679 pages of documentation, one core).
 */

import { type QuoteType, Tokenizer, type TokenizerCallbacks } from 'htmlparser2';

export type Attributes = Readonly<Record<string, string>>;

export interface TagHandler {
  /** An element begins; true asks for its attributes. */
  open(name: string): boolean;
  /** The attributes of the element that began last. */
  attributes(name: string, attributes: Attributes): void;
  /** An element ends; the end of each is told, void elements' too. */
  close(name: string): void;
  /** Whether `text` is to be called. */
  readonly wantsText: boolean;
  text(text: string): void;
}

/** Tells `handler` the tags of `html`. */
export function readTags(html: string, handler: TagHandler): void {
  const tokenizer = new Tokenizer(
    { xmlMode: false, decodeEntities: true },
    new Tags(html, handler),
  );
  tokenizer.write(html);
  tokenizer.end();
}

const names = (text: string): ReadonlySet<string> => new Set(text.split(' '));

const VOID = names(
  'area base basefont br col command embed frame hr img input isindex keygen link meta param source track wbr',
);

/** Which elements end where another begins, for want of an end tag (HTML standard §13.1.2.4). */
const ENDS = new Map<string, ReadonlySet<string>>();
const ending = (begun: string, ended: string) => {
  for (const name of begun.split(' ')) ENDS.set(name, names(ended));
};
ending(
  'address article aside blockquote details div dl fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header hr main nav ol p pre section table ul',
  'p',
);
ending('li', 'li');
ending('dd dt', 'dd dt');
ending('rt rp', 'rt rp');
ending('tr', 'tr th td');
ending('th', 'th');
ending('td', 'thead th td');
ending('tbody tfoot', 'thead tbody');
ending('body', 'head link script');
ending('option', 'option');
ending('optgroup', 'optgroup option');
ending(
  'select input output button datalist textarea',
  'input option optgroup select button datalist textarea',
);

/** In these `<x/>` ends itself, except within the elements that lead back to HTML. */
const FOREIGN = names('math svg');
const INTEGRATION = names('mi mo mn ms mtext annotation-xml foreignobject desc title');

/** What its name says of an element, looked up once for a page. */
interface Kind {
  readonly name: string;
  readonly isVoid: boolean;
  readonly ends: ReadonlySet<string> | undefined;
  /** Of what is within it; undefined: what holds around it. */
  readonly isForeign: boolean | undefined;
  /** How many such elements are open. */
  open: number;
}

class Tags implements TokenizerCallbacks {
  readonly #html: string;
  readonly #handler: TagHandler;
  readonly #kinds = new Map<string, Kind>();
  /** The open elements. */
  readonly #open: Kind[] = [];
  readonly #foreign: boolean[] = [];
  /** The tag at hand, and its attributes where they are wanted. */
  #kind: Kind = this.#kindOf('');
  #attributes: Record<string, string> | undefined;
  #attribute = '';
  #value = '';

  constructor(html: string, handler: TagHandler) {
    this.#html = html;
    this.#handler = handler;
  }

  onopentagname(start: number, end: number): void {
    this.#begin(this.#kindOf(this.#html.slice(start, end).toLowerCase()));
  }

  onattribname(start: number, end: number): void {
    if (this.#attributes === undefined) return;
    this.#attribute = this.#html.slice(start, end).toLowerCase();
  }

  onattribdata(start: number, end: number): void {
    if (this.#attributes !== undefined) this.#value += this.#html.slice(start, end);
  }

  onattribentity(codePoint: number): void {
    if (this.#attributes !== undefined) this.#value += String.fromCodePoint(codePoint);
  }

  onattribend(_quote: QuoteType, _end: number): void {
    if (this.#attributes === undefined) return;
    if (!Object.hasOwn(this.#attributes, this.#attribute)) {
      this.#attributes[this.#attribute] = this.#value;
    }
    this.#value = '';
  }

  onopentagend(): void {
    this.#endTag();
  }

  onselfclosingtag(): void {
    this.#endTag();
    if (this.#foreign.at(-1) === true && this.#open.at(-1) === this.#kind) this.#pop();
  }

  onclosetag(start: number, end: number): void {
    const kind = this.#kindOf(this.#html.slice(start, end).toLowerCase());
    if (kind.isForeign !== undefined) this.#foreign.pop();
    if (kind.isVoid) {
      if (kind.name !== 'br') return;
      // A browser makes a line break of `</br>`.
      this.#handler.open(kind.name);
      this.#handler.close(kind.name);
    } else if (kind.open > 0) {
      while (this.#open.at(-1) !== kind) this.#pop();
      this.#pop();
    } else if (kind.name === 'p') {
      this.#begin(kind);
      this.#endTag();
      this.#pop();
    }
  }

  ontext(start: number, end: number): void {
    if (this.#handler.wantsText) this.#handler.text(this.#html.slice(start, end));
  }

  ontextentity(codePoint: number): void {
    if (this.#handler.wantsText) this.#handler.text(String.fromCodePoint(codePoint));
  }

  onend(): void {
    while (this.#open.length > 0) this.#pop();
  }

  oncdata(): void {}
  oncomment(): void {}
  ondeclaration(): void {}
  onprocessinginstruction(): void {}

  #kindOf(name: string): Kind {
    let kind = this.#kinds.get(name);
    if (kind === undefined) {
      const isForeign = FOREIGN.has(name) ? true : INTEGRATION.has(name) ? false : undefined;
      kind = { name, isVoid: VOID.has(name), ends: ENDS.get(name), isForeign, open: 0 };
      this.#kinds.set(name, kind);
    }
    return kind;
  }

  #begin(kind: Kind): void {
    if (kind.ends !== undefined) while (kind.ends.has(this.#open.at(-1)?.name ?? '')) this.#pop();
    if (!kind.isVoid) {
      this.#open.push(kind);
      kind.open++;
      if (kind.isForeign !== undefined) this.#foreign.push(kind.isForeign);
    }
    this.#kind = kind;
    this.#value = '';
    this.#attributes = this.#handler.open(kind.name) ? {} : undefined;
  }

  #endTag(): void {
    const { name, isVoid } = this.#kind;
    if (this.#attributes !== undefined) this.#handler.attributes(name, this.#attributes);
    this.#attributes = undefined;
    if (isVoid) this.#handler.close(name);
  }

  #pop(): void {
    const kind = this.#open.pop() as Kind;
    kind.open--;
    this.#handler.close(kind.name);
  }
}
