/**
 * The JSON of a WAT record without what nobody asks for. Nine tenths of it are links to other pages;
 * leaving them out before JSON is parsed takes a third of the time.
 *
 * A quotation mark that stands in a JSON text without a backslash begins or ends a string. So a key that
 * is found with its marks is one. A piece that is cut out in the wrong place, as when a `}` was part of
 * a text, does not parse, since within it the names of keys stand outside of marks: then the whole
 * record is parsed.
 */

export interface WatJson {
  /** All that the record holds, possibly without the links. */
  readonly value: unknown;
  /** The links of images, in their order, where `value` has none. */
  readonly images?: readonly unknown[];
}

const LINKS = Buffer.from('"Links":[');
const LINKS_END = Buffer.from('}]');
const OBJECT = Buffer.from('{"');
/** Of elements that show images, as `"path":"IMG@/src"` names them. */
const IMAGE_MARKS = ['IMG@/', 'INPUT@/', 'SOURCE@/'].map((mark) => Buffer.from(mark));

/** @throws SyntaxError when `block` is not JSON. */
export function parseWat(block: Buffer): WatJson {
  return parseWithoutLinks(block) ?? { value: JSON.parse(block.toString()) };
}

function parseWithoutLinks(block: Buffer): WatJson | undefined {
  const start = block.indexOf(LINKS) + LINKS.length;
  if (start < LINKS.length || block.includes(LINKS, start)) return undefined;
  // The first end that is found is that of the links, or part of a text in them; of no links it is another's.
  const end = block.indexOf(LINKS_END, start) + 1;
  if (end === 0 || block[start] !== OBJECT[0]) return undefined;
  try {
    const rest = block.toString('utf8', 0, start) + block.toString('utf8', end, block.length);
    const value: unknown = JSON.parse(rest);
    const images = imageLinks(block, start, end);
    return images === undefined ? undefined : { value, images };
  } catch {
    return undefined;
  }
}

/**
 * The objects of image links between two places; undefined where it is unclear where they begin.
 * @throws SyntaxError where one ends elsewhere.
 */
function imageLinks(block: Buffer, start: number, end: number): unknown[] | undefined {
  const places: number[] = [];
  for (const mark of IMAGE_MARKS) {
    for (
      let at = block.indexOf(mark, start);
      at !== -1 && at < end;
      at = block.indexOf(mark, at + 1)
    )
      places.push(at);
  }
  places.sort((one, two) => one - two);
  const objects: unknown[] = [];
  let before = start;
  for (const place of places) {
    const from = block.lastIndexOf(OBJECT, place);
    const to = block.indexOf('}', place) + 1;
    if (from < before || to === 0 || to > end) return undefined;
    objects.push(JSON.parse(block.toString('utf8', from, to)));
    before = to;
  }
  return objects;
}
