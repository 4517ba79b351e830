/** The thread that judges candidates, a batch a message: see judging.ts. */

import { parentPort, workerData } from 'node:worker_threads';
import { errorAsData } from '../../core/errors.js';
import { shareLanguageTables } from '../../core/language/tables.js';
import { MatchImage } from '../match.js';
import { type Judgeable, judgeBatch } from './judged.js';
import type { Answer, ThreadData } from './judging.js';

const port = parentPort;
if (port !== null) {
  const { buffer, languages, config, seed } = workerData as ThreadData;
  if (languages !== undefined) shareLanguageTables(languages);
  const judge = judgeBatch({ image: new MatchImage(buffer), config, seed });
  port.on('message', (batch: Judgeable[]) => {
    try {
      const bytes = judge(batch);
      port.postMessage({ bytes } satisfies Answer, [bytes.buffer]);
    } catch (error) {
      port.postMessage({ error: errorAsData(error) } satisfies Answer);
    }
  });
}
