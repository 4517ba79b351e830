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

class Tags implements TokenizerCallbacks {
  readonly #html: string;
  readonly #handler: TagHandler;
  /** The open elements, and how many there are of each name. */
  readonly #open: string[] = [];
  readonly #count = new Map<string, number>();
  readonly #foreign: boolean[] = [];
  /** The tag at hand, and its attributes where they are wanted. */
  #name = '';
  #attributes: Record<string, string> | undefined;
  #attribute = '';
  #value = '';

  constructor(html: string, handler: TagHandler) {
    this.#html = html;
    this.#handler = handler;
  }

  onopentagname(start: number, end: number): void {
    this.#begin(this.#html.slice(start, end).toLowerCase());
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
    if (this.#foreign.at(-1) === true && this.#open.at(-1) === this.#name) this.#pop();
  }

  onclosetag(start: number, end: number): void {
    const name = this.#html.slice(start, end).toLowerCase();
    if (FOREIGN.has(name) || INTEGRATION.has(name)) this.#foreign.pop();
    if (VOID.has(name)) {
      if (name !== 'br') return;
      // A browser makes a line break of `</br>`.
      this.#handler.open(name);
      this.#handler.close(name);
    } else if ((this.#count.get(name) ?? 0) > 0) {
      while (this.#open.at(-1) !== name) this.#pop();
      this.#pop();
    } else if (name === 'p') {
      this.#begin(name);
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

  #begin(name: string): void {
    const ended = ENDS.get(name);
    if (ended !== undefined) while (ended.has(this.#open.at(-1) ?? '')) this.#pop();
    if (!VOID.has(name)) {
      this.#open.push(name);
      this.#count.set(name, (this.#count.get(name) ?? 0) + 1);
      if (FOREIGN.has(name)) this.#foreign.push(true);
      else if (INTEGRATION.has(name)) this.#foreign.push(false);
    }
    this.#name = name;
    this.#value = '';
    this.#attributes = this.#handler.open(name) ? {} : undefined;
  }

  #endTag(): void {
    if (this.#attributes !== undefined) this.#handler.attributes(this.#name, this.#attributes);
    this.#attributes = undefined;
    if (VOID.has(this.#name)) this.#handler.close(this.#name);
  }

  #pop(): void {
    const name = this.#open.pop() as string;
    this.#count.set(name, (this.#count.get(name) as number) - 1);
    this.#handler.close(name);
  }
}
