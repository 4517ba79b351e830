/** Which files make up a dump, and the parts in which they are counted. */

import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { systemCode, WitError } from '../../core/errors.js';
import { openStream, type Packing, packingOf } from './open.js';
import { droppedNamespaces } from './siteinfo.js';

export interface DumpFile {
  path: string;
  name: string;
  packing: Packing;
  /** Of the file as it lies on disk. */
  bytes: number;
  modifiedMs: number;
}

/** What the files' names say they are; only one kind of a folder is read, or pages would count twice. */
const KINDS: readonly { kind: string; pattern: RegExp }[] = [
  { kind: 'multistream, in parts', pattern: /-multistream\d+\.xml/ },
  { kind: 'multistream', pattern: /-multistream\.xml/ },
  { kind: 'in parts', pattern: /-pages-(?:articles|meta-current)\d+\.xml/ },
  { kind: 'whole', pattern: /-pages-(?:articles|meta-current)\.xml/ },
  { kind: 'other', pattern: /./ },
];

const DUMP_NAME = /\.xml(?:-p\d+p\d+)?(?:\.(?:bz2|gz|zst))?$/;

/**
 * The dump files at `paths`, files as given and folders' files by name. A multistream dump's index is
 * not needed and passed over.
 * @throws WitError `missing_file`; `input` where a folder holds no dump or several, or a file is none.
 */
export async function dumpFiles(paths: readonly string[]): Promise<DumpFile[]> {
  const files: DumpFile[] = [];
  for (const path of paths) {
    for (const file of await filesAt(path)) {
      files.push({ path: file, name: basename(file), ...(await packingOf(file)) });
    }
  }
  return files;
}

async function filesAt(path: string): Promise<string[]> {
  const info = await stat(path).catch((cause: unknown) => {
    const code = systemCode(cause) === 'ENOENT' ? 'missing_file' : 'bad_file';
    throw new WitError(code, `Cannot read the dump ${path}`, { cause });
  });
  if (!info.isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => DUMP_NAME.test(name)).sort();
  const found = new Map<string, string[]>();
  for (const name of names) {
    const kind = KINDS.find(({ pattern }) => pattern.test(name))?.kind as string;
    found.set(kind, [...(found.get(kind) ?? []), join(path, name)]);
  }
  const [first, second] = [...found.values()];
  if (first === undefined) {
    throw new WitError('input', `No dump in ${path}: no file named *.xml, *.xml.bz2, .gz or .zst`, {
      hint: 'Wikimedia publishes it as enwiki-DATE-pages-articles-multistream.xml.bz2.',
    });
  }
  if (second !== undefined) {
    const kinds = [...found].map(([kind, list]) => `${kind} (${basename(list[0] as string)})`);
    throw new WitError('input', `${path} holds the same dump more than once: ${kinds.join(', ')}`, {
      hint: 'Give the file or files of one of them.',
    });
  }
  return first;
}

export interface SiteInfo {
  /** `enwiki`. */
  wiki: string;
  /** See `droppedNamespaces`. */
  namespaces: string[];
}

/**
 * Reads the head of a dump.
 * @throws WitError `bad_file` where it does not begin as a MediaWiki export does.
 */
export async function siteInfo(file: DumpFile): Promise<SiteInfo> {
  let bytes = Buffer.alloc(0);
  let head = '';
  try {
    for await (const chunk of openStream(file.path, file.packing, () => {})) {
      bytes = Buffer.concat([bytes, chunk]);
      head = bytes.toString('utf8');
      if (head.includes('</siteinfo>') || head.includes('<page>') || head.length > 1 << 20) break;
    }
  } catch (cause) {
    if (head === '') {
      throw new WitError('bad_file', `${file.path} cannot be unpacked from its beginning`, {
        cause,
        hint: 'Download it again, and compare it with the published checksum.',
      });
    }
  }
  if (!/<mediawiki\b|<page>/.test(head)) {
    const start = JSON.stringify(head.slice(0, 60));
    throw new WitError('bad_file', `${file.path} is no MediaWiki export: it begins with ${start}`, {
      hint: 'Expected pages-articles XML, plain or packed with bzip2, gzip or Zstandard.',
    });
  }
  return {
    wiki: /<dbname>([a-z0-9_-]+)<\/dbname>/.exec(head)?.[1] ?? 'enwiki',
    namespaces: droppedNamespaces(head),
  };
}
