/** `wit eval`: zero-shot classification and retrieval of a checkpoint on labelled images. */

import { resolveConfig } from '../config.js';
import { WitError } from '../core/errors.js';
import { type Command, type CommandInput, configFlags, type Io } from './command.js';

const TASKS = ['zero-shot', 'retrieval'] as const;

export const evaluation: Command = {
  name: 'eval',
  summary: 'zero-shot classification and image–text retrieval of a checkpoint',
  args: [
    { name: '<checkpoint>', summary: "a checkpoint folder, or a run's folder for its newest" },
  ],
  examples: [
    'wit eval run --images pets/           # pets/CLASS/*.jpg: names from the folders or classes.json',
    'wit eval run --images test.parquet --template "a photo of a {}." "a drawing of a {}."',
    'wit eval run --images pets/ --neighbour-of data   # beside the nearest training image by pixels',
  ],
  flags: [
    {
      flags: '--images <path>',
      summary: 'folder of class folders, or Parquet with image and label (or text) columns',
    },
    {
      flags: '--task <name...>',
      summary: `${TASKS.join(', ')} (default: both where the images allow)`,
    },
    {
      flags: '--template <text...>',
      summary: 'prompt templates, {} for the class name; several are averaged',
      key: 'eval.templates',
    },
    {
      flags: '--neighbour-of <dataset>',
      summary: 'also classify by the nearest training image of this dataset, at 12×12 pixels',
    },
    { flags: '--batch-size <n>', summary: 'images at once', key: 'eval.batchSize', kind: 'number' },
    { flags: '--device <name>', summary: 'auto, cpu, cuda or mps', key: 'eval.device' },
    { flags: '--precision <name>', summary: 'auto, fp32 or bf16', key: 'eval.precision' },
    { flags: '--python <path>', summary: 'the Python that runs the engine (or WIT_PYTHON)' },
    ...configFlags,
  ],
  run: runEval,
};

async function runEval(input: CommandInput, io: Io): Promise<void> {
  const { eval: config } = await resolveConfig(input.settings, input.configFile);
  const flags = input.flags as {
    images?: string;
    task?: string[];
    neighbourOf?: string;
    python?: string;
  };
  const unknown = flags.task?.find((task) => !(TASKS as readonly string[]).includes(task));
  if (unknown !== undefined) {
    const message = `--task expects ${TASKS.join(' or ')}, received ${JSON.stringify(unknown)}`;
    throw new WitError('config', message);
  }
  if (flags.images === undefined) {
    throw new WitError('config', 'No images to evaluate on', { hint: 'Give --images PATH.' });
  }
  const { evaluate, loadCaptions, loadClasses, nearestNeighbour } = await import(
    '../eval/index.js'
  );
  const { resolvePython } = await import('../train/environment.js');
  const python = resolvePython({ python: flags.python });
  const wants = (task: string): boolean => flags.task === undefined || flags.task.includes(task);
  const classes = await loadClasses(flags.images);
  const tasks = [];
  if (wants('zero-shot')) tasks.push({ kind: 'zero-shot', set: classes } as const);
  if (wants('retrieval')) {
    const set = await loadCaptions(flags.images);
    tasks.push({ kind: 'retrieval', set } as const);
  }
  const checkpoint = input.args[0] as string;
  const results = await evaluate({ checkpoint, tasks, python, config }, io);
  const all: unknown[] = [...results];
  for (const result of results) {
    if (result.task === 'zero-shot') {
      io.print(`zero-shot on ${result.set}: ${result.n} images, ${result.classes} classes`);
      const { top1, top5, meanPerClass, chance } = result;
      io.print(
        `  top-1 ${percent(top1)}, top-5 ${percent(top5)}, mean per class ${percent(meanPerClass)}`,
      );
      io.print(`  chance ${percent(chance)}`);
    } else {
      io.print(
        `retrieval on ${result.set}: ${result.n} images, ${result.texts} texts (R@1, R@5, R@10)`,
      );
      io.print(`  image to text ${recalls(result.imageToText)}`);
      io.print(`  text to image ${recalls(result.textToImage)}`);
      io.print(`  chance        ${recalls(result.chance.imageToText)}`);
    }
  }
  if (flags.neighbourOf !== undefined) {
    const { followShards } = await import('../pipeline/follow.js');
    const source = followShards(flags.neighbourOf, { signal: io.signal });
    const nearest = await nearestNeighbour(source, classes, io);
    io.print(
      `nearest of ${nearest.trainingImages} training images: top-1 ${percent(nearest.top1)}`,
    );
    all.push(nearest);
  }
  io.result(all);
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function recalls({ r1, r5, r10 }: { r1: number; r5: number; r10: number }): string {
  return [r1, r5, r10].map(percent).join(', ');
}
