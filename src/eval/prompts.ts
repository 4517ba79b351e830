/**
 * Prompts for zero-shot classification (Radford et al. 2021, §3.1.4): each class name is put into
 * every template; the embeddings of one class's prompts are averaged by the engine.
 */

export interface Prompts {
  readonly texts: readonly string[];
  /** Index of each text's class. */
  readonly groups: Int32Array;
}

/** All prompts, class by class. `{}` in a template stands for the class name. */
export function promptsFor(classes: readonly string[], templates: readonly string[]): Prompts {
  const texts = classes.flatMap((name) =>
    templates.map((template) => template.replaceAll('{}', () => name)),
  );
  const groups = Int32Array.from(texts, (_, i) => Math.floor(i / templates.length));
  return { texts, groups };
}
