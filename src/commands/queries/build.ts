/** `wit queries build`: Wikipedia's dump, page views and WordNet → a query list with its account. */

import { resolveConfig } from '../../config.js';
import type { QueryAccount } from '../../core/query-account.js';
import { type Command, type CommandInput, configFlags, type Flag, type Io } from '../command.js';

const buildFlags: Flag[] = [
  {
    flags: '--dump <path...>',
    summary: 'pages-articles dumps (.xml, .bz2, .gz, .zst), files or folders; none: from packages',
    key: 'queryBuild.dump',
  },
  {
    flags: '--pageviews <path...>',
    summary: 'hourly or daily view files, files or folders; without them there are no titles',
    key: 'queryBuild.pageviews',
  },
  {
    flags: '--size <n>',
    summary: 'queries in the list (default: 500000, with metaclip no limit)',
    key: 'queryBuild.size',
    kind: 'number',
  },
  {
    flags: '--thresholds <name>',
    summary: 'paper or metaclip: what holds for the flags below where they are not given',
    key: 'queryBuild.thresholds',
  },
  {
    flags: '--min-count <n>',
    summary: 'least occurrences of a word (100; metaclip: 100)',
    key: 'queryBuild.minCount',
    kind: 'number',
  },
  {
    flags: '--min-bigram-count <n>',
    summary: 'least occurrences of a bigram (100; metaclip: 1)',
    key: 'queryBuild.minBigramCount',
    kind: 'number',
  },
  {
    flags: '--min-pmi <bits>',
    summary: 'least pointwise mutual information of a bigram (none; metaclip: 30)',
    key: 'queryBuild.minPmi',
    kind: 'number',
  },
  {
    flags: '--min-views <n>',
    summary: 'least views of an article, over all files (70; metaclip: 70)',
    key: 'queryBuild.minViews',
    kind: 'number',
  },
  {
    flags: '--min-hourly-views <n>',
    summary: 'pass over rows of hourly files with fewer views (0; metaclip: 50)',
    key: 'queryBuild.minHourlyViews',
    kind: 'number',
  },
  {
    flags: '--case <fold|keep>',
    summary: 'count words in small letters, or as they stand (default: fold)',
    key: 'queryBuild.case',
  },
  { flags: '--numbers', summary: 'numbers count as words', key: 'queryBuild.numbers' },
  {
    flags: '--lemmas <first|all>',
    summary: 'of each WordNet synset (default: first)',
    key: 'queryBuild.lemmas',
  },
  {
    flags: '--workers <n>',
    summary: 'threads that read the dump (default: one a core)',
    key: 'queryBuild.workers',
    kind: 'number',
  },
];

export const build: Command = {
  name: 'build',
  summary:
    'make a query list from a Wikipedia dump, page views and WordNet, or from packages alone',
  examples: [
    'wit queries build --dump enwiki-latest-pages-articles.xml.bz2 --pageviews views/ --out queries/enwiki.parquet',
    'wit queries build --dump dump/ --pageviews views/ --thresholds metaclip --case keep --out metaclip.parquet',
    'wit queries build --min-pmi 5 --out small.parquet    # no dump: WordNet and frequency lists',
  ],
  flags: [
    {
      flags: '--out <file>',
      summary:
        'the list, .parquet (default: queries/enwiki.parquet); its account and report stand beside it',
    },
    ...buildFlags,
    { flags: '--work <dir>', summary: 'folder for what is counted on the way (default: OUT.work)' },
    { flags: '--keep-work', summary: 'keep that folder when the list is done' },
    ...configFlags,
  ],
  run: runBuild,
};

async function runBuild(input: CommandInput, io: Io): Promise<void> {
  const { queryBuild: config } = await resolveConfig(input.settings, input.configFile);
  const flags = input.flags as { out?: string; work?: string; keepWork?: boolean };
  const { out = 'queries/enwiki.parquet', work, keepWork = false } = flags;
  const { listFiles } = await import('../../queries/list-file.js');
  // A wrong name must not be found out after hours of counting.
  listFiles(out);
  const { buildQueryList } = await import('../../queries/build.js');
  const { writeListReport } = await import('../../stats/query-list/index.js');
  const options = { config, out, keepWork, ...(work !== undefined && { work }) };
  const { files, account, queries } = await buildQueryList(options, {
    emit: io.emit,
    signal: io.signal,
  });
  await writeListReport(files.report, account, queries);
  for (const line of summary(account)) io.print(line);
  io.print(`list: ${files.list}`);
  io.print(`report: ${files.report}`);
  io.print(`next: wit queries inspect ${files.list}, wit crawl-and-build --queries ${files.list}`);
  io.result({ ...files, size: account.size, sources: account.sources, lost: account.lost });
}

function summary({ size, sources, lost }: QueryAccount): string[] {
  const number = (n: number | null): string => (n === null ? '–' : n.toLocaleString('en-US'));
  const row = (cells: string[]): string =>
    cells.map((cell, i) => (i === 0 ? cell.padEnd(9) : cell.padStart(11))).join('');
  const short = sources.filter(({ left }) => left > 0);
  const losses = Object.entries(lost).filter(([, count]) => count > 0);
  return [
    `${number(size)} queries`,
    row(['source', 'passed', 'target', 'charged', 'in all']),
    ...sources.map((s) =>
      row([s.source, number(s.passed), number(s.target), number(s.charged), number(s.listed)]),
    ),
    ...short.map(({ source, left }) => `${source} left ${number(left)} places to the others`),
    ...losses.map(([reason, count]) => `lost: ${reason} ${number(count)}`),
  ];
}
