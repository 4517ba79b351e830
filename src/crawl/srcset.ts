/** `srcset` as the HTML standard parses it (§4.8.4.3.10, "parse a srcset attribute"). */

/** One image of a srcset, with its width or density descriptor. Neither means a density of 1. */
export interface SrcsetImage {
  readonly url: string;
  /** In pixels. */
  readonly width?: number;
  readonly density?: number;
}

/** More than this many images in one srcset are ignored. */
const MAX_IMAGES = 64;

const SPACE = /[\t\n\f\r ]/;
const INTEGER = /^\d+$/;
/** The standard's floating-point number, which unlike JavaScript's has no `+`, `.5e` or `Infinity`. */
const FLOAT = /^-?(\d+|\d*\.\d+)([eE][+-]?\d+)?$/;

/**
 * The images of `srcset` in order; those with faulty descriptors are left out. Commas may stand in a
 * URL (data: URLs, image services), so the text cannot simply be split at them.
 */
export function parseSrcset(srcset: string): SrcsetImage[] {
  const images: SrcsetImage[] = [];
  let at = 0;
  while (images.length < MAX_IMAGES) {
    while (at < srcset.length && (SPACE.test(srcset[at] as string) || srcset[at] === ',')) at++;
    if (at >= srcset.length) break;
    const start = at;
    while (at < srcset.length && !SPACE.test(srcset[at] as string)) at++;
    let end = at;
    let descriptors: string[] = [];
    if (srcset[end - 1] === ',') {
      while (srcset[end - 1] === ',') end--;
    } else {
      ({ descriptors, at } = readDescriptors(srcset, at));
    }
    const image = describe(srcset.slice(start, end), descriptors);
    if (image !== undefined) images.push(image);
  }
  return images;
}

/** The images of several srcsets, by size; of equals the first named comes first. */
export function largestFirst(srcsets: readonly string[]): SrcsetImage[] {
  return srcsets.flatMap(parseSrcset).sort(bySize);
}

/** Orders images by width, else by density, the largest first. */
export function bySize(one: SrcsetImage, two: SrcsetImage): number {
  return (two.width ?? 0) - (one.width ?? 0) || (two.density ?? 1) - (one.density ?? 1);
}

/** Reads descriptors up to the comma that ends them; a comma in parentheses does not. */
function readDescriptors(srcset: string, from: number): { descriptors: string[]; at: number } {
  const descriptors: string[] = [];
  let current = '';
  let inParens = false;
  let at = from;
  for (; at < srcset.length; at++) {
    const char = srcset[at] as string;
    if (!inParens && char === ',') {
      at++;
      break;
    }
    if (!inParens && SPACE.test(char)) {
      if (current !== '') descriptors.push(current);
      current = '';
      continue;
    }
    if (char === '(') inParens = true;
    if (char === ')') inParens = false;
    current += char;
  }
  if (current !== '') descriptors.push(current);
  return { descriptors, at };
}

function describe(url: string, descriptors: readonly string[]): SrcsetImage | undefined {
  let width: number | undefined;
  let density: number | undefined;
  let height: number | undefined;
  for (const descriptor of descriptors) {
    const number = descriptor.slice(0, -1);
    switch (descriptor.at(-1)) {
      case 'w':
        if (!INTEGER.test(number) || width !== undefined || density !== undefined) return undefined;
        width = Number(number);
        if (width === 0) return undefined;
        break;
      case 'x':
        if (!FLOAT.test(number) || width !== undefined || density !== undefined) return undefined;
        density = Number(number);
        if (density < 0 || height !== undefined) return undefined;
        break;
      case 'h':
        if (!INTEGER.test(number) || height !== undefined || density !== undefined)
          return undefined;
        height = Number(number);
        if (height === 0) return undefined;
        break;
      default:
        return undefined;
    }
  }
  if (height !== undefined && width === undefined) return undefined;
  if (width !== undefined) return { url, width };
  return density === undefined ? { url } : { url, density };
}
