/**
 * Photographs with names: cut-outs from Debian's tuxpaint-stamps-default (GPL-2, with notes for each
 * picture; used, not copied). A picture counts as a photograph when it has 500 colours or more and does
 * not stand among cartoons, symbols, seasonal pictures, road signs and flags.
 */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

const PACKAGE = 'tuxpaint-stamps-default';
const NOT_PHOTOGRAPHS = /\/(?:cartoon|symbols|seasonal|roadsigns|flags)(?:\/|$)/;
const FEWEST_COLOURS = 500;

export interface Photograph {
  path: string;
  /** The first line of its text: `A koala.` */
  caption: string;
}

/**
 * Unpacks the package below `folder` with apt-get and dpkg-deb, unless it is installed.
 * @returns undefined where neither is to be had
 */
export async function loadPhotographs(folder: string): Promise<Photograph[] | undefined> {
  const root = await stampsFolder(folder);
  if (root === undefined) return undefined;
  const names = (await readdir(root, { recursive: true })).map(String).sort();
  const photographs: Photograph[] = [];
  for (const name of names) {
    const path = join(root, name);
    const text = path.replace(/\.png$/, '.txt');
    if (!name.endsWith('.png') || NOT_PHOTOGRAPHS.test(`/${name}`) || !existsSync(text)) continue;
    const [caption = ''] = (await readFile(text, 'utf8')).split('\n', 1);
    if (await hasColours(path)) photographs.push({ path, caption: caption.trim() });
  }
  return photographs;
}

async function stampsFolder(folder: string): Promise<string | undefined> {
  const inside = 'usr/share/tuxpaint/stamps';
  if (existsSync(join('/', inside))) return join('/', inside);
  const root = join(folder, inside);
  if (existsSync(root)) return root;
  try {
    await mkdir(folder, { recursive: true });
    const options = { cwd: folder, stdio: 'ignore' } as const;
    execFileSync('apt-get', ['download', '-q', PACKAGE], options);
    const deb = (await readdir(folder)).find((name) => name.endsWith('.deb')) as string;
    execFileSync('dpkg-deb', ['-x', deb, '.'], options);
    return root;
  } catch {
    return undefined;
  }
}

async function hasColours(path: string): Promise<boolean> {
  const { data, info } = await sharp(path)
    .flatten({ background: 'white' })
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true });
  const colours = new Set<number>();
  for (let at = 0; at < data.length; at += info.channels) {
    colours.add(data.readUIntBE(at, 3));
    if (colours.size >= FEWEST_COLOURS) return true;
  }
  return false;
}
