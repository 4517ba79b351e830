/**
 * The last lines of a terminal, redrawn in place: each redraw is one write, in which lines are
 * overwritten rather than cleared, so nothing flickers. What is printed meanwhile goes above them and
 * stays. Lines never wrap; what does not fit is cut, to the right and at the bottom.
 */

const REDRAW_MS = 125;

const HIDE_CURSOR = '\x1b[?25l';
const SHOW_CURSOR = '\x1b[?25h';
/** Synchronized output, which terminals that do not know it pass over. */
const BEGIN = '\x1b[?2026h';
const END = '\x1b[?2026l';
const NO_WRAP = '\x1b[?7l';
const WRAP = '\x1b[?7h';
const CLEAR_RIGHT = '\x1b[K';
const CLEAR_BELOW = '\x1b[J';

export class LiveArea {
  readonly #stream: NodeJS.WriteStream;
  readonly #view: (columns: number) => readonly string[];
  readonly #timer: NodeJS.Timeout;
  readonly #onResize = () => this.#draw();
  readonly #onExit = () => this.#stream.write(SHOW_CURSOR);
  /** As they stand on the screen; the cursor is at the start of the line below. */
  #drawn: readonly string[] = [];
  #above = '';
  #changed = false;
  #cursorHidden = false;

  /** @param view the lines to show, none of which holds a control character */
  constructor(stream: NodeJS.WriteStream, view: (columns: number) => readonly string[]) {
    this.#stream = stream;
    this.#view = view;
    this.#timer = setInterval(() => {
      if (this.#changed) this.#draw();
    }, REDRAW_MS);
    this.#timer.unref();
    stream.on('resize', this.#onResize);
  }

  /** Prints a line, or several, above the live ones. */
  print(text: string): void {
    this.#above += `${text}\n`;
    this.#changed = true;
  }

  /** There is something new to see. */
  change(): void {
    this.#changed = true;
  }

  /** Draws a last time; what is shown then stays. */
  close(): void {
    clearInterval(this.#timer);
    this.#stream.off('resize', this.#onResize);
    this.#draw();
    process.off('exit', this.#onExit);
    if (this.#cursorHidden) this.#stream.write(SHOW_CURSOR);
  }

  #draw(): void {
    this.#changed = false;
    const { columns = 80, rows = 24 } = this.#stream;
    // Clearing to the right of a line that reaches the last column would take its last character.
    const width = columns - 1;
    const lines = this.#view(width)
      .slice(0, rows - 1)
      .map((line) => Array.from(line).slice(0, width).join(''));
    if (lines.length === 0 && this.#drawn.length === 0 && this.#above === '') return;
    if (!this.#cursorHidden) {
      this.#cursorHidden = true;
      process.once('exit', this.#onExit);
      this.#stream.write(HIDE_CURSOR);
    }
    const up = this.#rowsDrawn(columns);
    // What the user types, ^C for one, is echoed where the cursor stands and moves it.
    let out = `${BEGIN}\r${up > 0 ? `\x1b[${up}A` : ''}`;
    if (this.#above !== '') out += CLEAR_BELOW + this.#above;
    out += NO_WRAP;
    for (const line of lines) out += `${line}${CLEAR_RIGHT}\n`;
    out += CLEAR_BELOW + WRAP + END;
    this.#stream.write(out);
    this.#above = '';
    this.#drawn = lines;
  }

  /** Rows that the lines take now: a terminal that became narrower has wrapped them. */
  #rowsDrawn(columns: number): number {
    return this.#drawn.reduce(
      (sum, line) => sum + Math.max(1, Math.ceil(Array.from(line).length / columns)),
      0,
    );
  }
}
