/** How soon V8 looks for garbage in a crawl. */

import { setFlagsFromString } from 'node:v8';

/** Percent of what is in use that may be added to it before V8 looks. */
const SOON = 20;
/** Reading archives makes little but garbage: looking sooner costs it half as much CPU time again, this a fifteenth. */
const FOR_ARCHIVES = 100;

/**
 * Bounds the heap of this process. V8 lets garbage grow to several times what is in use before it looks, up to
 * gigabytes on a large machine. Looking sooner keeps a long crawl in half the memory.
 *
 * @param archives the paths or URLs of archives of Common Crawl that are to be read
 */
export function boundHeap(archives: readonly string[]): void {
  setFlagsFromString(`--heap-growing-percent=${archives.length > 0 ? FOR_ARCHIVES : SOON}`);
}
