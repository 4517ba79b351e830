/** `wit filter explain`: why a candidate is in a dataset or not. */

import { WitError } from '../../core/errors.js';
import type { Verdict } from '../../filter/index.js';
import type { Explanation } from '../../pipeline/explain.js';
import type { Command, CommandInput, Io } from '../command.js';

export const explain: Command = {
  name: 'explain',
  summary: 'what every rule, query and stage made of a candidate',
  args: [
    { name: '<dataset>', summary: 'dataset folder, complete or growing' },
    { name: '[key]', summary: 'the id of a candidate, which is the key of its pair' },
  ],
  examples: [
    'wit filter explain data 3f1c0f0c2d0e4f6a8b1c2d3e4f5a6b7c',
    'wit filter explain data --url https://example.org/cat.jpg --json',
  ],
  flags: [
    { flags: '--url <url>', summary: 'every candidate of this image URL, up to 20' },
    { flags: '--queries <file>', summary: 'the query list, where it is no longer where it was' },
  ],
  run: runExplain,
};

async function runExplain({ args, flags }: CommandInput, io: Io): Promise<void> {
  const [dir, key] = args as [string, string | undefined];
  const { url, queries } = flags as { url?: string; queries?: string };
  if ((key === undefined) === (url === undefined)) {
    throw new WitError('config', 'wit filter explain needs a key or --url, not both');
  }
  const { openJudged } = await import('../../pipeline/judged-dataset.js');
  const { explainCandidates } = await import('../../pipeline/explain.js');
  const dataset = await openJudged(dir, queries);
  const wanted = { ...(key !== undefined && { key }), ...(url !== undefined && { url }) };
  const found = await explainCandidates(dataset, wanted, io.signal);
  if (found.length === 0) {
    throw new WitError('input', `${dir} has no candidate ${key ?? `of ${url}`}`, {
      hint: 'Keys stand in column id of candidates/ and in column key of the shards.',
    });
  }
  for (const explanation of found) for (const line of describe(explanation)) io.print(line);
  io.result(found);
}

function describe(explanation: Explanation): string[] {
  const { candidate, text, verdicts, rank, queries, admittedBy, fate, image = [] } = explanation;
  const detail = fate.detail === undefined ? '' : `: ${fate.detail}`;
  const file = fate.file === undefined ? '' : ` (${fate.file})`;
  return [
    `${candidate.id}  ${candidate.imageUrl}`,
    `  text: ${JSON.stringify(text)} (${candidate.textSource}, by ${candidate.source})`,
    ...verdicts.map(line),
    queries.length === 0 ? '  queries: none' : `  queries (rank ${rank.toFixed(6)}):`,
    ...queries.map(({ query, matched, place, cap }) => {
      const of = matched === undefined ? '' : ` of ${matched}`;
      const where = place > cap ? `beyond the cap of ${cap}` : `place ${place}${of}, cap ${cap}`;
      return `    ${query}: ${where}${admittedBy?.includes(query) ? ', admitted' : ''}`;
    }),
    ...image.map(line),
    `  fate: ${fate.outcome} in ${fate.stage}${detail}${file}`,
    '',
  ];
}

function line({ rule, value, limit, passed, reason }: Verdict): string {
  if (limit === undefined) return `    –  ${rule}: off`;
  return `    ${passed ? '✓' : '✗'}  ${rule}: ${value} (${limit})${passed ? '' : ` → ${reason}`}`;
}
