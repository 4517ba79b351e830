/**
 * Colour difference hash: a short fingerprint that survives resizing and recompression. 192 bits, 48
 * hex digits, of three parts of 64:
 *
 * 1. brightness falls to the right: between neighbours of a 9×8 grid, by more than a margin
 * 2. brightness falls downwards: the same on an 8×9 grid
 * 3. colour of each quarter: red and blue difference (Cr, Cb), each as the number of 8 thresholds
 *    that it passes, so that a small change of colour flips one bit
 *
 * Why not 64 bits of grey or of each channel, left to right: those cannot tell flags of horizontal
 * stripes apart, which are flat from left to right, nor a red disc from an orange one, which are both
 * darker than paper in green and blue. Why a margin: on flat ground the sign of a difference is noise.
 *
 * Measured on the 1,723 drawings of one set of emoji at 64 px, many of which are near twins (clocks,
 * families, a man and a person doing the same): at most 4 bits apart are 96 % of copies as JPEG of
 * quality 60, 98 % at half the size, 65 % enlarged by 1.3; and 5 % of drawings have another one that
 * near. At 6 bits these are 100, 99, 87 and 7 %.
 */

export const DHASH_BITS = 192;

/** Where blocks meet along a side, in 72nds of it: at its eighths, ninths and halves. */
const EDGES = [0, 8, 9, 16, 18, 24, 27, 32, 36, 40, 45, 48, 54, 56, 63, 64, 72] as const;
const PARTS = 72;
/** Between two edges. */
const SPANS = EDGES.length - 1;
/** Levels (0–255) by which a cell must be brighter than its neighbour. */
const MARGIN = 8;
/** Cr and Cb beyond this are rare over a quarter of a picture. */
const COLOUR_RANGE = 50;
const COLOUR_STEPS = 8;

/**
 * @param rgb pixels as u8 `[height, width, 3]`
 * @returns lower-case hex
 */
export function dhash(rgb: Uint8Array, width: number, height: number): string {
  const sums = cellSums(rgb, width, height);
  const means = (columns: number, rows: number) =>
    blocks(sums, columns, rows, (columns * rows) / (width * height));
  const bits: boolean[] = [];
  const across = means(9, 8).map(luma);
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 8; x++) bits.push(falls(across, y * 9 + x, y * 9 + x + 1));
  }
  const down = means(8, 9).map(luma);
  for (let y = 0; y < 8; y++) {
    for (let x = 0; x < 8; x++) bits.push(falls(down, y * 8 + x, (y + 1) * 8 + x));
  }
  for (const colour of means(2, 2)) {
    const brightness = luma(colour);
    for (const difference of [0.713 * (colour[0] - brightness), 0.564 * (colour[2] - brightness)]) {
      for (let step = 0; step < COLOUR_STEPS; step++) {
        bits.push(difference > COLOUR_RANGE * ((2 * step + 1) / COLOUR_STEPS - 1));
      }
    }
  }
  const bytes = Buffer.alloc(DHASH_BITS / 8);
  for (const [at, bit] of bits.entries()) {
    if (bit) bytes[at >> 3] = (bytes[at >> 3] as number) | (128 >> (at & 7));
  }
  return bytes.toString('hex');
}

/** How many bits differ between two hashes. */
export function hamming(a: string, b: string): number {
  let bits = 0;
  for (let at = 0; at < a.length; at += 8) {
    let difference =
      Number.parseInt(a.slice(at, at + 8), 16) ^ Number.parseInt(b.slice(at, at + 8), 16);
    for (; difference !== 0; difference &= difference - 1) bits += 1;
  }
  return bits;
}

type Colour = [red: number, green: number, blue: number];

/** Brightness by ITU-R BT.601. */
function luma([red, green, blue]: Colour): number {
  return 0.299 * red + 0.587 * green + 0.114 * blue;
}

function falls(values: readonly number[], from: number, to: number): boolean {
  return (values[from] as number) > (values[to] as number) + MARGIN;
}

/** Means over `columns` × `rows` blocks, row by row, of whose pixels each has `share` of its block. */
function blocks(sums: Float64Array, columns: number, rows: number, share: number): Colour[] {
  const means = Array.from({ length: columns * rows }, (): Colour => [0, 0, 0]);
  for (let y = 0, at = 0; y < SPANS; y++) {
    const row = blockOf(y, rows) * columns;
    for (let x = 0; x < SPANS; x++) {
      const mean = means[row + blockOf(x, columns)] as Colour;
      mean[0] += sums[at++] as number;
      mean[1] += sums[at++] as number;
      mean[2] += sums[at++] as number;
    }
  }
  // Sums are whole numbers until here, so that no rounding tips a comparison.
  const unit = share / PARTS ** 2;
  return means.map(([red, green, blue]) => [red * unit, green * unit, blue * unit]);
}

function blockOf(span: number, count: number): number {
  return Math.floor(((EDGES[span] as number) * count) / PARTS);
}

/**
 * Sums over SPANS × SPANS cells, where a pixel counts for each cell by the area they share, in squares of
 * a 72nd of a pixel.
 */
function cellSums(rgb: Uint8Array, width: number, height: number): Float64Array {
  const sums = new Float64Array(SPANS * SPANS * 3);
  const stride = width * 3;
  const row = new Float64Array(stride);
  const columns = spansOf(width);
  let to = 0;
  for (const { first, last, firstShare, lastShare } of spansOf(height)) {
    const start = first * stride;
    const end = last * stride;
    for (let at = 0; at < stride; at++) {
      let whole = 0;
      for (let from = start + stride + at; from < end; from += stride) whole += rgb[from] as number;
      row[at] =
        whole * PARTS +
        (rgb[start + at] as number) * firstShare +
        (rgb[end + at] as number) * lastShare;
    }
    for (const column of columns) {
      for (let channel = 0; channel < 3; channel++) {
        let whole = 0;
        for (let x = column.first + 1; x < column.last; x++)
          whole += row[x * 3 + channel] as number;
        sums[to++] =
          whole * PARTS +
          (row[column.first * 3 + channel] as number) * column.firstShare +
          (row[column.last * 3 + channel] as number) * column.lastShare;
      }
    }
  }
  return sums;
}

/** Pixels that a span covers; those between the first and the last whole, which are PARTS of it. */
interface Span {
  readonly first: number;
  readonly last: number;
  readonly firstShare: number;
  /** 0 when the last pixel is the first. */
  readonly lastShare: number;
}

/** The spans along `size` pixels. */
function spansOf(size: number): Span[] {
  return Array.from({ length: SPANS }, (_, span) => {
    // In 72nds of a pixel.
    const start = (EDGES[span] as number) * size;
    const end = (EDGES[span + 1] as number) * size;
    const first = Math.floor(start / PARTS);
    const last = Math.floor((end - 1) / PARTS);
    const firstShare = Math.min(end, (first + 1) * PARTS) - start;
    return { first, last, firstShare, lastShare: last === first ? 0 : end - last * PARTS };
  });
}
