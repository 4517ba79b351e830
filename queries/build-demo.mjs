/**
 * Writes queries/demo.txt: what a crawl for pictures of everyday things would search for. Sources:
 * the English names and keywords of emojibase-data (MIT), the words of those names, and the
 * project's own queries/plain-words.txt. The same inputs give the same file.
 *
 *   node queries/build-demo.mjs
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const here = (name) => new URL(name, import.meta.url);

/** Flags would add the names of all countries, components are parts of emoji. */
const LEFT_OUT = new Set(['component', 'flags']);
/** Words of names that nobody would search for alone. */
const STOP = new Set(
  'and at but for from in not of on or over the to up with without into out down off'.split(' '),
);

const { groups, subgroups } = readJson('emojibase-data/meta/groups.json');
const emoji = readJson('emojibase-data/en/data.json').filter(
  ({ group }) => group !== undefined && !LEFT_OUT.has(groups[group]),
);

const queries = new Set();
for (const { label, tags = [] } of emoji) {
  for (const phrase of [label, ...tags]) add(phrase);
  for (const word of label.split(/[^\p{L}\p{N}’'-]+/u)) if (!STOP.has(word)) add(word);
}
for (const name of [...Object.values(groups), ...Object.values(subgroups)]) {
  if (LEFT_OUT.has(name)) continue;
  for (const word of name.split('-')) if (!STOP.has(word)) add(word);
}
for (const line of readFileSync(here('plain-words.txt'), 'utf8').split('\n')) {
  if (!line.startsWith('#')) add(line);
}

const sorted = [...queries].sort();
const header = [
  '# Queries for the demo: names and keywords of everyday things, one a line.',
  '# Made by queries/build-demo.mjs; sources and licences stand in queries/README.md.',
];
writeFileSync(here('demo.txt'), `${[...header, ...sorted].join('\n')}\n`);

/** Lower case, plain apostrophes; letters, digits, spaces and hyphens only; three letters or more. */
function add(phrase) {
  const query = phrase
    .toLowerCase()
    .replaceAll('’', "'")
    .replace(/[“”":,.!()]/g, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  if (/^\p{L}[\p{L}\p{N}' -]{2,}$/u.test(query)) queries.add(query);
}

function readJson(specifier) {
  return JSON.parse(readFileSync(require.resolve(specifier), 'utf8'));
}
