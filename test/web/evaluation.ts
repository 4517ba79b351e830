/**
 * What is held out, as labelled images: the designer that nobody served and the concepts that nobody
 * served (the rule stands in emoji.ts). Written as one folder a class, with the class names beside.
 */

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Concept, DESIGNERS, type EmojiWorld, HELD_OUT_DESIGNER, kebab } from './emoji.js';

export interface EvaluationSet {
  /** One class each, in Unicode's order. */
  classes: { concept: Concept; name: string }[];
  /** `label` is a position in `classes`. */
  images: { designer: string; label: number }[];
}

/** The held-out designer's pictures of every concrete concept, held out or not. */
export function heldOutDesignerSet(emoji: EmojiWorld): EvaluationSet {
  return evaluationSet(
    emoji,
    emoji.concepts.filter((concept) => concept.concrete),
    [HELD_OUT_DESIGNER],
  );
}

/** Every designer's pictures (the held-out one's too) of the held-out concepts. */
export function heldOutConceptSet(emoji: EmojiWorld): EvaluationSet {
  return evaluationSet(
    emoji,
    emoji.concepts.filter((concept) => concept.heldOut),
    DESIGNERS.map((designer) => designer.id),
  );
}

function evaluationSet(
  emoji: EmojiWorld,
  concepts: readonly Concept[],
  designers: readonly string[],
): EvaluationSet {
  return {
    classes: concepts.map((concept) => ({ concept, name: concept.label })),
    images: concepts.flatMap((concept, label) =>
      designers
        .filter((designer) => emoji.has(designer, concept))
        .map((designer) => ({ designer, label })),
    ),
  };
}

/**
 * Writes both sets below `dir`, as PNG on white, `px` square:
 *
 *     DIR/held-out-designer/0000-mouse/openmoji.png …, classes.json
 *     DIR/held-out-concepts/00-leopard/noto.png …, classes.json
 *
 * classes.json holds `[{folder, name}]`.
 * @returns the two folders, and how many images each holds.
 */
export async function writeEvaluationSets(
  emoji: EmojiWorld,
  dir: string,
  px: number,
): Promise<Record<'heldOutDesigner' | 'heldOutConcepts', { dir: string; images: number }>> {
  const designerDir = join(dir, 'held-out-designer');
  const conceptsDir = join(dir, 'held-out-concepts');
  return {
    heldOutDesigner: await writeSet(emoji, heldOutDesignerSet(emoji), designerDir, px),
    heldOutConcepts: await writeSet(emoji, heldOutConceptSet(emoji), conceptsDir, px),
  };
}

async function writeSet(
  emoji: EmojiWorld,
  { classes, images }: EvaluationSet,
  dir: string,
  px: number,
): Promise<{ dir: string; images: number }> {
  const digits = String(Math.max(0, classes.length - 1)).length;
  const folders = classes.map(
    ({ name }, at) => `${String(at).padStart(digits, '0')}-${kebab(name)}`,
  );
  for (const folder of folders) await mkdir(join(dir, folder), { recursive: true });
  for (const { designer, label } of images) {
    const concept = classes[label]?.concept as Concept;
    const look = { format: 'png', background: 'white' } as const;
    const png = await emoji.render(designer, concept, px, look);
    await writeFile(join(dir, folders[label] as string, `${designer}.png`), png);
  }
  const named = classes.map(({ name }, at) => ({ folder: folders[at], name }));
  await writeFile(join(dir, 'classes.json'), `${JSON.stringify(named, null, 2)}\n`);
  return { dir, images: images.length };
}
