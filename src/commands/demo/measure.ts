/**
 * What the demo's model can do: zero-shot classification and retrieval on a designer and on concepts
 * that nobody served, beside chance and beside the nearest training image by pixels.
 */

import { join } from 'node:path';
import { loadEmoji } from '../../../test/web/emoji.js';
import { writeEvaluationSets } from '../../../test/web/evaluation.js';
import type { Config } from '../../config.js';
import {
  type ClassSet,
  evaluate,
  loadClasses,
  namedByClass,
  nearestNeighbour,
} from '../../eval/index.js';
import { followShards } from '../../pipeline/follow.js';
import type { Io } from '../command.js';
import { countOverlap } from './overlap.js';

/** Shares in 0..1. */
export interface Classification {
  n: number;
  classes: number;
  top1: number;
  top5: number;
  chance: number;
  /** Top-1 of the nearest training image at 12×12 pixels. */
  nearestNeighbour: number;
  /** Images of the set that nearly duplicate a training image, by the rule that removes duplicates. */
  nearDuplicatesOfTraining: number;
}

export interface Measured {
  heldOutDesigner: Classification;
  heldOutConcepts: Classification;
  /** On the held-out designer: picture ↔ name. */
  retrieval: {
    n: number;
    imageToText: Recall;
    textToImage: Recall;
    chance: Recall;
  };
}

interface Recall {
  r1: number;
  r5: number;
  r10: number;
}

export async function measure(
  input: {
    config: Config;
    out: string;
    dataset: string;
    px: number;
    checkpoint: string;
    python: string;
  },
  io: Io,
): Promise<Measured> {
  const { config, dataset, checkpoint, python } = input;
  io.emit({ type: 'message', level: 'info', text: 'drawing the held-out images' });
  const folders = await writeEvaluationSets(
    await loadEmoji(),
    join(input.out, 'evaluation'),
    input.px,
  );
  const designer = await loadClasses(folders.heldOutDesigner.dir);
  const concepts = await loadClasses(folders.heldOutConcepts.dir);
  const beside = async (set: ClassSet) => ({
    nearestNeighbour: (await nearestNeighbour(followShards(dataset), set, io)).top1,
    nearDuplicatesOfTraining: await countOverlap(dataset, set, config),
  });
  // The engine evaluates in a process of its own; meanwhile the neighbours are looked for here.
  const [[onDesigner, onConcepts, retrieved], neighbours] = await Promise.all([
    evaluate(
      {
        checkpoint,
        python,
        config: config.eval,
        tasks: [
          { kind: 'zero-shot', set: designer },
          { kind: 'zero-shot', set: concepts },
          { kind: 'retrieval', set: namedByClass(designer) },
        ],
      },
      io,
    ),
    (async () => ({ designer: await beside(designer), concepts: await beside(concepts) }))(),
  ]);
  return {
    heldOutDesigner: { ...scoresOf(onDesigner), ...neighbours.designer },
    heldOutConcepts: { ...scoresOf(onConcepts), ...neighbours.concepts },
    retrieval: {
      n: retrieved.n,
      imageToText: retrieved.imageToText,
      textToImage: retrieved.textToImage,
      chance: retrieved.chance.imageToText,
    },
  };
}

function scoresOf(result: Omit<Classification, 'nearestNeighbour' | 'nearDuplicatesOfTraining'>) {
  const { n, classes, top1, top5, chance } = result;
  return { n, classes, top1, top5, chance };
}
