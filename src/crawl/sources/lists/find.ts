/**
 * Which files a list setting means: a file, a folder (every list in it, at any depth) or a glob.
 *
 * Globs by tinyglobby: small, kept by many hands (vite and vitest stand on it), and it follows links,
 * which downloaded datasets consist of. Node's own `fs.glob` does not exist in Node 20.
 */

import { stat } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import { glob, isDynamicPattern } from 'tinyglobby';
import { messageOf, systemCode, WitError } from '../../../core/errors.js';

/** What a list in a folder is called. */
const LIST_NAME = /\.((txt|csv|tsv|json|jsonl|ndjson)(\.gz)?|parquet)$/i;

/**
 * The files that `lists` name, each once: in the order of the settings, those of one folder or glob by
 * name in the order of code units.
 * @throws WitError `missing_file` for what is not there and for a folder or glob without lists.
 */
export async function findLists(lists: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const list of lists) for (const path of await filesOf(list)) found.add(path);
  return [...found];
}

async function filesOf(list: string): Promise<string[]> {
  const kind = await kindOf(list);
  if (kind === 'file') return [list];
  if (kind === 'folder') {
    const names = await glob('**/*', { cwd: list, expandDirectories: false });
    const paths = names.filter((name) => LIST_NAME.test(name)).map((name) => join(list, name));
    if (paths.length > 0) return paths.sort();
    throw new WitError('missing_file', `Folder ${list} holds no list`, {
      hint: 'Lists end in .txt, .csv, .tsv, .json, .jsonl (each also with .gz) or .parquet.',
    });
  }
  const pattern = list.replaceAll('\\', '/');
  const paths = isDynamicPattern(pattern)
    ? await glob(pattern, { absolute: isAbsolute(list), expandDirectories: false })
    : [];
  if (paths.length > 0) return paths.sort();
  throw new WitError('missing_file', `Cannot read list ${list}: there is no such file`, {
    hint: 'Give files, folders or globs; quote a glob, or the shell expands it: "data/**/*.parquet".',
  });
}

/** What is at `path`; a name that exists is that file, also when it looks like a glob. */
async function kindOf(path: string): Promise<'file' | 'folder' | 'none'> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch (cause) {
    const code = systemCode(cause);
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'ENAMETOOLONG') return 'none';
    throw new WitError('missing_file', `Cannot read list ${path}: ${messageOf(cause)}`, { cause });
  }
}
