/**
 * `wit demo`: the whole road on a small internet on loopback. Crawls it, trains on the shards while
 * they are being written, and evaluates on a designer and on concepts that nobody served.
 */

import { join } from 'node:path';
import { type Config, mergeSettings, resolveConfig } from '../../config.js';
import { readDataset } from '../../core/dataset.js';
import { writeAtomically } from '../../core/store.js';
import { type Command, type CommandInput, configFlags, type Io } from '../command.js';
import { demoSettings, SERVED_PX, STORED_PX } from './settings.js';

export const demo: Command = {
  name: 'demo',
  summary: 'crawl, build, train and evaluate on a small internet on loopback (5 minutes, 2 cores)',
  examples: ['wit demo', 'wit demo --concepts 60 --steps 40 --out /tmp/tiny'],
  flags: [
    { flags: '--out <dir>', summary: 'folder of everything it writes (default: wit-demo)' },
    {
      flags: '--concepts <n>',
      summary: 'serve only so many of the 765 concepts that are not held out',
      kind: 'number',
    },
    { flags: '--steps <n>', summary: 'training steps', kind: 'number' },
    { flags: '--seed <n>', summary: 'seed of the web, the ranks and the training', kind: 'number' },
    { flags: '--python <path>', summary: 'the Python that runs the engine (or WIT_PYTHON)' },
    ...configFlags,
  ],
  async run(input, io) {
    await runDemo(input, io);
  },
};

async function runDemo(input: CommandInput, io: Io): Promise<void> {
  const began = performance.now();
  const flags = input.flags as { out?: string; concepts?: number; steps?: number; seed?: number };
  const { out = 'wit-demo', seed = 0 } = flags;
  const { resolvePython } = await import('../../train/index.js');
  const python = resolvePython({ python: input.flags.python as string | undefined });
  const { spawnInternet } = await import('../../../test/web/spawn.js');
  const { buildAndTrain } = await import('./build-and-train.js');
  const { measure } = await import('./measure.js');
  const { finish } = await import('./results.js');

  const say = (text: string): void => io.emit({ type: 'message', level: 'info', text });
  say('starting a small internet on loopback');
  const web = await spawnInternet({
    px: SERVED_PX,
    concreteOnly: true,
    seed,
    ...(flags.concepts && { concepts: flags.concepts }),
  });
  let webMemory = 0;
  let config: Config;
  let trained: Awaited<ReturnType<typeof buildAndTrain>>;
  const dataset = join(out, 'data');
  try {
    const { steps } = flags;
    const settings = demoSettings(web, { seed, ...(steps !== undefined && { steps }) });
    config = await resolveConfig(mergeSettings(settings, input.settings), undefined);
    say(`crawling ${web.hosts.length} hosts and training on what comes`);
    trained = await buildAndTrain({ config, dataset, run: join(out, 'run'), python }, io);
  } finally {
    webMemory = await web.close();
  }
  const { checkpoint } = trained;
  const measured = await measure({ config, out, dataset, px: STORED_PX, checkpoint, python }, io);
  const { manifest } = await readDataset(dataset);
  const result = {
    wallSeconds: (performance.now() - began) / 1000,
    peakMemoryBytes: process.resourceUsage().maxRSS * 1024 + webMemory + trained.peakMemoryBytes,
    funnel: manifest.funnel,
    ...measured,
  };
  await writeAtomically(join(out, 'demo.json'), `${JSON.stringify(result, null, 2)}\n`);
  await finish({ result, trained, dataset, out, config }, io);
}
