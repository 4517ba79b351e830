/** The demo's results: on the report page, in the terminal, for machines. */

import { join } from 'node:path';
import type { Config } from '../../config.js';
import type { Funnel } from '../../core/dataset.js';
import { reportOn } from '../../pipeline/report.js';
import { type Extras, summarise } from '../../stats/index.js';
import type { TrainResult } from '../../train/index.js';
import type { Io } from '../command.js';
import type { Measured } from './measure.js';

export interface DemoResult extends Measured {
  wallSeconds: number;
  /** Of crawler, web and engine together: the sum of what each held at most. */
  peakMemoryBytes: number;
  funnel: Funnel;
}

export async function finish(
  input: {
    result: DemoResult;
    trained: TrainResult;
    dataset: string;
    out: string;
    config: Config;
  },
  io: Io,
): Promise<void> {
  const { result, trained, dataset, out, config } = input;
  const extras = extrasOf(result, trained, config);
  const { stats, files } = await reportOn(dataset, extras, { ...io, name: 'The demo’s web' });
  for (const line of summarise(stats, extras)) io.print(line);
  const minutes = (result.wallSeconds / 60).toFixed(1);
  const memory = (result.peakMemoryBytes / 1e9).toFixed(1);
  io.print('');
  io.print(`  ${minutes} minutes, ${memory} GB of memory at most`);
  io.print(`  report      ${files.page}`);
  io.print(`  results     ${join(out, 'demo.json')}`);
  io.print(`  checkpoint  ${trained.checkpoint}`);
  io.result(result);
}

function extrasOf(result: DemoResult, trained: TrainResult, config: Config): Extras {
  const { heldOutDesigner, heldOutConcepts, retrieval } = result;
  const millions = (n: number): string => `${(n / 1e6).toFixed(1)} M`;
  return {
    training: {
      points: trained.losses.map(([step, loss]) => ({ step, loss })),
      chanceLoss: Math.log(config.train.batchSize),
      facts: [
        ['Steps', String(trained.steps)],
        ['Batch', String(config.train.batchSize)],
        ['Parameters', millions(trained.parameters.total)],
        ['Device', `${trained.device}, ${trained.precision}`],
      ],
    },
    evaluation: [
      {
        name: 'Held-out designer',
        note: 'OpenMoji, which the web does not serve: every concrete concept, by name.',
        ...heldOutDesigner,
      },
      {
        name: 'Held-out concepts',
        note: 'Pictures by every designer of the concepts that nobody serves, by name.',
        ...heldOutConcepts,
      },
    ],
    retrieval: [
      {
        name: 'Held-out designer',
        note: 'Pictures and the names of what they show.',
        ...retrieval,
      },
    ],
  };
}
