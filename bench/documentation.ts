/**
 * A web site of real pages: the manuals of GIMP, scikit-learn, scikit-image and SciPy, out of Debian's
 * packages. A start page links to the first page of each.
 */

import { readdirSync, readFileSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unpackPackages } from './debian.js';

/** Where the pages stand in each package. */
const MANUALS = {
  'gimp-help-en': 'usr/share/gimp/2.0/help/en',
  'python-sklearn-doc': 'usr/share/doc/python-sklearn-doc/html',
  'python-skimage-doc': 'usr/share/doc/python-skimage-doc/html',
  'python-scipy-doc': 'usr/share/doc/python-scipy-doc/html',
} as const;

export type Manual = keyof typeof MANUALS;
export const ALL_MANUALS = Object.keys(MANUALS) as Manual[];

/** Unpacks them into a folder that is kept below the folder of temporary files, and gives the folder. */
export async function unpackManuals(say: (text: string) => void): Promise<string> {
  const root = join(tmpdir(), 'wit-bench-documentation');
  await unpackPackages(ALL_MANUALS, root, say);
  return root;
}

/** The pages by path, `/gimp-help-en/index.html`; `/` is the start page. */
export function readManuals(root: string, manuals: readonly Manual[]): Map<string, Buffer> {
  const links = manuals.map((name) => `<li><a href="/${name}/index.html">${name}</a>`);
  const start = `<!doctype html><title>Manuals</title><ul>${links.join('')}</ul>`;
  const pages = new Map([['/', Buffer.from(start)]]);
  for (const manual of manuals) {
    const folder = join(root, MANUALS[manual]);
    for (const name of readdirSync(folder, { recursive: true }).map(String).sort()) {
      const file = join(folder, name);
      // Some are links to files of other packages.
      if (!name.endsWith('.html') || !statSync(file, { throwIfNoEntry: false })?.isFile()) continue;
      pages.set(encodeURI(`/${manual}/${name}`), readFileSync(file));
    }
  }
  return pages;
}
