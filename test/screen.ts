/**
 * A terminal to test with: what a program wrote to it, as the screen shows it. It knows the few control
 * sequences that src/terminal uses and throws at any other, so nothing else can slip through.
 */

import { Writable } from 'node:stream';

const SEQUENCE = /^\x1b\[(\?)?(\d*)([A-Za-z])/;

export class Screen {
  readonly stream: NodeJS.WriteStream;
  cursorShown = true;
  /** Times that something was written. */
  writes = 0;
  readonly #rows: string[][] = [[]];
  #row = 0;
  #column = 0;
  #wraps = true;
  #columns: number;

  constructor({ columns, rows }: { columns: number; rows: number }) {
    this.#columns = columns;
    const stream = new Writable({
      write: (chunk, _encoding, done) => {
        this.writes += 1;
        this.write(String(chunk));
        done();
      },
    });
    this.stream = Object.assign(stream, { isTTY: true, columns, rows }) as never;
  }

  /** Narrower or wider: lines that are too long wrap, as in most terminals. */
  resize(columns: number): void {
    this.#columns = columns;
    const before = this.#rows.splice(0);
    before.forEach((row, at) => {
      if (at === this.#row) this.#row = this.#rows.length;
      do this.#rows.push(row.splice(0, columns));
      while (row.length > 0);
    });
    Object.assign(this.stream, { columns });
    this.stream.emit('resize');
  }

  /** From top to bottom, without what is empty at the end. */
  get lines(): string[] {
    const lines = this.#rows.map((row) =>
      Array.from(row, (c) => c ?? ' ')
        .join('')
        .trimEnd(),
    );
    while (lines.at(-1) === '') lines.pop();
    return lines;
  }

  write(text: string): void {
    for (let rest = text; rest !== ''; ) {
      const sequence = SEQUENCE.exec(rest);
      if (sequence !== null) {
        this.#control(sequence[1] === '?', sequence[2] ?? '', sequence[3] as string);
        rest = rest.slice(sequence[0].length);
        continue;
      }
      const [first] = rest as unknown as [string];
      const character = String.fromCodePoint(rest.codePointAt(0) as number);
      rest = rest.slice(character.length);
      if (first === '\n') this.#down();
      else if (first === '\r') this.#column = 0;
      else if (/\p{C}/u.test(character)) {
        throw new Error(
          `Control character ${JSON.stringify(character)} in ${JSON.stringify(text)}`,
        );
      } else this.#put(character);
    }
  }

  #put(character: string): void {
    if (this.#column >= this.#columns) {
      if (!this.#wraps) return;
      this.#down();
    }
    (this.#rows[this.#row] as string[])[this.#column++] = character;
  }

  #down(): void {
    this.#column = 0;
    this.#row += 1;
    this.#rows[this.#row] ??= [];
  }

  #control(isPrivate: boolean, digits: string, letter: string): void {
    const what = `${isPrivate ? '?' : ''}${letter === 'A' ? '' : digits}${letter}`;
    switch (what) {
      case 'A':
        this.#row = Math.max(0, this.#row - Number(digits));
        break;
      case 'K':
        this.#rows[this.#row]?.splice(this.#column);
        break;
      case 'J':
        this.#rows[this.#row]?.splice(this.#column);
        this.#rows.splice(this.#row + 1);
        break;
      case '?25l':
      case '?25h':
        this.cursorShown = letter === 'h';
        break;
      case '?7l':
      case '?7h':
        this.#wraps = letter === 'h';
        break;
      case '?2026h':
      case '?2026l':
        break;
      default:
        throw new Error(`Unknown control sequence ${what}`);
    }
  }
}
