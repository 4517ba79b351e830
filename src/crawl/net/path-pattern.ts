/**
 * Paths with wildcards as robots.txt has them (RFC 9309 §2.2.2 and §2.2.3); tdmrep.json and Content-Usage
 * lines borrow them. `*` is any number of characters, `$` at the end is the end of the path.
 */

export class PathPattern {
  /** The canonical pattern cut at its wildcards: the first piece is anchored at the start. */
  readonly #pieces: readonly string[];
  /** The pattern ended in `$`: the last piece must end the path. */
  readonly #anchored: boolean;
  /** Octets of the pattern: the longest match is the most specific one. */
  readonly length: number;

  constructor(pattern: string) {
    this.#anchored = pattern.endsWith('$');
    const body = this.#anchored ? pattern.slice(0, -1) : pattern;
    this.#pieces = body.split('*').map((piece) => detached(canonical(piece)));
    const wildcards = this.#pieces.length - 1 + (this.#anchored ? 1 : 0);
    this.length = this.#pieces.reduce((n, piece) => n + octets(piece), wildcards);
  }

  /** Roughly what it takes of memory. */
  get bytes(): number {
    return this.#pieces.reduce((n, piece) => n + 40 + piece.length, 100);
  }

  /** In its canonical spelling. */
  toString(): string {
    return this.#pieces.join('*') + (this.#anchored ? '$' : '');
  }

  /**
   * Whether it matches a canonical path. Each piece is looked for at its earliest place after the one
   * before: linear, and as good as any other choice.
   */
  matches(path: string): boolean {
    const pieces = this.#pieces;
    const first = pieces[0] as string;
    if (!path.startsWith(first)) return false;
    if (pieces.length === 1) return !this.#anchored || path.length === first.length;
    let at = first.length;
    const last = pieces.length - 1;
    for (let i = 1; i < last; i++) {
      const piece = pieces[i] as string;
      const found = path.indexOf(piece, at);
      if (found === -1) return false;
      at = found + piece.length;
    }
    const end = pieces[last] as string;
    return this.#anchored
      ? path.length - end.length >= at && path.endsWith(end)
      : path.indexOf(end, at) !== -1;
  }
}

/** Path and query of `url` in the spelling that patterns are compared with. */
export function canonicalPath(url: URL): string {
  return canonical(url.pathname + url.search);
}

/**
 * One spelling for all that §2.2.2 calls equal: each octet percent-encoded in upper case unless
 * unreserved, and `/` and `?`, which give a path its shape, left as they are where they are plain.
 */
function canonical(text: string): string {
  return text.replace(/%[0-9a-fA-F]{2}|[^A-Za-z0-9\-._~/?]/gu, (found) => {
    if (found.length !== 3 || found[0] !== '%') {
      return Array.from(Buffer.from(found), percent).join('');
    }
    const octet = Number.parseInt(found.slice(1), 16);
    const char = String.fromCharCode(octet);
    return /[A-Za-z0-9\-._~]/.test(char) ? char : found.toUpperCase();
  });
}

/** A copy: a part of a string keeps all of that in memory, here half a megabyte for one rule. */
function detached(ascii: string): string {
  return Buffer.from(ascii, 'latin1').toString('latin1');
}

/** Length of a canonical text, an encoded octet counting as one. */
function octets(text: string): number {
  return text.replace(/%../g, '%').length;
}

function percent(octet: number): string {
  return `%${octet.toString(16).toUpperCase().padStart(2, '0')}`;
}
