/**
 * Runs benchmarks side by side with their peers.
 *
 *     npm run bench                     what there is
 *     npm run bench -- NAME [--quick]   runs one, prints its figures, writes bench/results/NAME.json
 */

import { parseArgs } from 'node:util';
import { cap } from './cap.js';
import { commoncrawl } from './commoncrawl.js';
import { crawlMemory } from './crawl-memory.js';
import { curation } from './curation.js';
import { duplicates } from './duplicates.js';
import { asResult, asTable, type Bench, commitNow, writeResult } from './figures.js';
import { frontier } from './frontier.js';
import { images } from './images.js';
import { pages } from './pages.js';
import { queries } from './queries.js';
import { select } from './select.js';
import { shard } from './shard.js';

const BENCHES: Record<string, Bench> = {
  cap,
  commoncrawl,
  'crawl-memory': crawlMemory,
  curation,
  duplicates,
  frontier,
  images,
  pages,
  queries,
  select,
  shard,
};

const HELP = `npm run bench -- NAME [--quick | --large]

Runs a benchmark, prints its figures and writes bench/results/NAME.json.
A ratio above 1 means that we are better.

  --quick   smaller inputs, one repetition; nothing is written
  --large   larger inputs too, where a benchmark has them
  --help    this

Benchmarks:
${Object.entries(BENCHES)
  .map(([name, { about }]) => `  ${name.padEnd(13)}${about}`)
  .join('\n')}
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      large: { type: 'boolean', default: false },
      help: { type: 'boolean' },
    },
    allowPositionals: true,
  });
  const [name, ...others] = positionals;
  if (values.help || name === undefined) {
    process.stdout.write(HELP);
    return 0;
  }
  const bench = BENCHES[name];
  if (bench === undefined || others.length > 0) {
    process.stderr.write(`No benchmark ${positionals.join(' ')}.\n\n${HELP}`);
    return 2;
  }
  const say = (text: string): void => {
    process.stderr.write(`${text}\n`);
  };
  const commit = commitNow();
  const outcome = await bench.run({ quick: values.quick, large: values.large, say });
  const result = asResult(outcome, { commit, quick: values.quick });
  const path = await writeResult(name, result);
  const notes = result.notes.map((note) => `- ${note}\n`).join('');
  process.stdout.write(`\n${asTable(result.figures)}\n\n${notes}`);
  process.stdout.write(path === undefined ? 'Quick run: not written.\n' : `Written to ${path}\n`);
  return 0;
}

process.exitCode = await main();
