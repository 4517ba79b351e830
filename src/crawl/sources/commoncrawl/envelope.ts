/**
 * The JSON of a WAT record without what nobody asks for. Nine tenths of it are links to other pages;
 * leaving them out before JSON is parsed takes a third of the time.
 *
 * A quotation mark that stands in a JSON text without a backslash begins or ends a string. So a key that
 * is found with its marks is one, and a piece that is cut out in the wrong place, as when a `}` was part
 * of a text, does not parse: then the whole record is parsed.
 */

const LINKS = '"Links":[';
const LINKS_END = '}]';
/** Of elements that show images, as `"path":"IMG@/src"` names them. */
const IMAGE_MARKS = ['IMG@/', 'INPUT@/', 'SOURCE@/'];
const PATH = '"path":"';
/** Places where the links may end: texts with `}]` in them are rare. */
const MAX_ENDS = 4;

/**
 * The value that `block` holds; of its links possibly only those of images, in their order.
 * @throws SyntaxError when it is not JSON.
 */
export function parseEnvelope(block: Buffer): unknown {
  return parseWithoutLinks(block) ?? JSON.parse(block.toString());
}

function parseWithoutLinks(block: Buffer): unknown {
  const start = block.indexOf(LINKS) + LINKS.length;
  if (start < LINKS.length || block.includes(LINKS, start)) return undefined;
  let end = start;
  for (let tries = 0; tries < MAX_ENDS; tries++) {
    const found = block.indexOf(LINKS_END, end);
    if (found === -1) return undefined;
    end = found + 1;
    const images = imageLinks(block, start, end);
    if (images === undefined) continue;
    try {
      return JSON.parse(
        block.toString('utf8', 0, start) + images + block.toString('utf8', end, block.length),
      );
    } catch {
      // Not the end of the links, or not JSON at all.
    }
  }
  return undefined;
}

/** The objects of image links between two places, joined by commas; undefined where one is unclear. */
function imageLinks(block: Buffer, start: number, end: number): string | undefined {
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
  const objects: string[] = [];
  let before = start;
  for (const place of places) {
    const from = block.lastIndexOf('{"', place);
    const to = block.indexOf('}', place) + 1;
    if (from < before || to === 0 || to > end) return undefined;
    const object = block.toString('utf8', from, to);
    if (!object.includes(PATH)) return undefined;
    objects.push(object);
    before = to;
  }
  return objects.join(',');
}
