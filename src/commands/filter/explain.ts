/** `wit filter explain`: why a candidate is in a dataset or not, or what the rules say of a text or an image. */

import { buildConfigOf, resolveConfig } from '../../config.js';
import { WitError } from '../../core/errors.js';
import type { Verdict } from '../../filter/index.js';
import type { Explanation } from '../../pipeline/explain.js';
import { type Command, type CommandInput, configFlags, type Io } from '../command.js';

export const explain: Command = {
  name: 'explain',
  summary: 'what every rule, query and stage made of a candidate, a text or an image',
  args: [
    { name: '[dataset]', summary: 'dataset folder, complete or growing' },
    { name: '[key]', summary: 'the id of a candidate, which is the key of its pair' },
  ],
  examples: [
    'wit filter explain data 3f1c0f0c2d0e4f6a8b1c2d3e4f5a6b7c',
    'wit filter explain data --url https://example.org/cat.jpg --json',
    'wit filter explain --text "IMG_1234.JPG" --image cat.jpg --preset laion',
  ],
  flags: [
    { flags: '--url <url>', summary: 'every candidate of this image URL, up to 20' },
    { flags: '--text <text>', summary: 'without a dataset: a caption' },
    { flags: '--image <file>', summary: 'without a dataset: an image file' },
    { flags: '--preset <name>', summary: 'of the rules, without a dataset', key: 'filter.preset' },
    {
      flags: '--queries <file>',
      summary: 'the query list; of a dataset, where it is no longer where it was',
      key: 'queries.file',
    },
    ...configFlags,
  ],
  run: runExplain,
};

async function runExplain(input: CommandInput, io: Io): Promise<void> {
  const [dir, key] = input.args as [string | undefined, string | undefined];
  const { url, text, image, queries } = input.flags as Partial<Record<string, string>>;
  if (dir === undefined) {
    if (text === undefined && image === undefined) {
      throw new WitError('config', 'wit filter explain needs a dataset, --text or --image');
    }
    const config = buildConfigOf(await resolveConfig(input.settings, input.configFile));
    const { explainLoose } = await import('../../pipeline/explain-loose.js');
    const said = await explainLoose({ text, image }, config);
    if (said.text) {
      io.print(`text: ${JSON.stringify(said.text.cleaned)}`);
      for (const verdict of said.text.verdicts) io.print(line(verdict));
      if (said.text.queries) io.print(`  queries: ${said.text.queries.join(', ') || 'none'}`);
    }
    if (said.image) {
      io.print(`image: ${image}`);
      for (const verdict of said.image.verdicts) io.print(line(verdict));
      io.print(`  outcome: ${said.image.outcome}`);
    }
    io.result(said);
    return;
  }
  if ((key === undefined) === (url === undefined) || text !== undefined || image !== undefined) {
    throw new WitError(
      'config',
      'Of a dataset, wit filter explain needs a key or --url, not both',
      {
        hint: '--text and --image are for explaining without a dataset.',
      },
    );
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
  for (const explanation of found) for (const said of describe(explanation)) io.print(said);
  io.result(found);
}

function describe(explanation: Explanation): string[] {
  const { candidate, text, verdicts, rank, queries, admittedBy, fate } = explanation;
  const { image = [], scores = {} } = explanation;
  const detail = fate.detail === undefined ? '' : `: ${fate.detail}`;
  const by = fate.by === undefined ? '' : `, by ${fate.by}`;
  const file = fate.file === undefined ? '' : ` (${fate.file})`;
  return [
    `${candidate.id}  ${candidate.imageUrl}`,
    `  text: ${JSON.stringify(text)} (${candidate.textSource}, by ${candidate.source})`,
    ...verdicts.map(line),
    queries.length === 0 ? '  queries: none' : `  queries (rank ${rank.toFixed(6)}):`,
    ...queries.map(({ query, matched, place, cap }) => {
      const admitted = admittedBy?.includes(query) ? ', admitted' : '';
      const of = matched === undefined ? '' : ` of ${matched}`;
      if (place === undefined) return `    ${query}: one${of} matches, soft cap ${cap}${admitted}`;
      const where =
        place > cap ? `beyond the cap of ${cap}${of}` : `place ${place}${of}, cap ${cap}`;
      return `    ${query}: ${where}${admitted}`;
    }),
    ...image.map(line),
    ...Object.entries(scores).map(([name, score]) => `    score ${name}: ${score}`),
    `  fate: ${fate.outcome} in ${fate.stage}${detail}${by}${file}`,
    '',
  ];
}

function line({ rule, value, limit, passed, reason }: Verdict): string {
  if (limit === undefined) return `    –  ${rule}: off`;
  return `    ${passed ? '✓' : '✗'}  ${rule}: ${value} (${limit})${passed ? '' : ` → ${reason}`}`;
}
