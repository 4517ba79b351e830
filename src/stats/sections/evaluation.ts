/** Evaluation results, each beside what it must beat: chance, and a nearest neighbour on pixels. */

import { barTable } from '../charts/bars.js';
import { type Html, html } from '../html.js';
import { count, percent, plural } from '../text.js';
import type { ClassificationResult, Extras, Recalls, RetrievalResult } from '../types.js';
import type { Section } from './section.js';

export function evaluationSection({
  evaluation = [],
  retrieval = [],
}: Extras): Section | undefined {
  if (evaluation.length + retrieval.length === 0) return undefined;
  return {
    id: 'evaluation',
    title: 'What a model learned from it',
    about:
      'Zero-shot: the model sees class names as text only, never a labelled image of the task.',
    body: html`${evaluation.length > 0 && html`<div class="scores">${evaluation.map(score)}</div>`}
      ${retrieval.length > 0 && retrievalTable(retrieval)}`,
  };
}

function score(result: ClassificationResult): Html {
  const { name, note, n, classes, top1, top5, chance, nearestNeighbour } = result;
  const most = Math.max(top1, top5 ?? 0, chance, nearestNeighbour ?? 0, 0.01);
  const row = (label: string, value: number, tone: 'keep' | 'mute') => ({
    label,
    share: value / most,
    tone,
    cells: [percent(value)],
  });
  return html`<figure><figcaption><h3>${name}</h3>
    <p class="big">${percent(top1)}</p>
    <p class="note">top-1, ${factor(top1 / chance)} chance${
      nearestNeighbour !== undefined && nearestNeighbour > 0
        ? ` and ${factor(top1 / nearestNeighbour)} the nearest neighbour in pixels`
        : ''
    }.</p>
    <p class="note">${plural(n, 'image')}, ${plural(classes, 'class', 'classes')}. ${note}</p></figcaption>
    ${barTable(
      ['accuracy', 'share'],
      [
        row('top-1', top1, 'keep'),
        ...(top5 === undefined ? [] : [row('top-5', top5, 'keep')]),
        ...(nearestNeighbour === undefined
          ? []
          : [row('nearest neighbour in pixels, top-1', nearestNeighbour, 'mute')]),
        row('chance, top-1', chance, 'mute'),
      ],
    )}</figure>`;
}

function factor(times: number): string {
  return `${times >= 10 ? count(Math.round(times)) : times.toFixed(1)} times`;
}

function retrievalTable(results: readonly RetrievalResult[]): Html {
  const cells = (recalls: Recalls) =>
    [recalls.r1, recalls.r5, recalls.r10].map(
      (value) => html`<td class="number">${percent(value)}</td>`,
    );
  return html`<figure><figcaption><h3>Retrieval</h3>
    <p class="note">How often the right text (or image) is among the nearest 1, 5 and 10.</p></figcaption>
    <div class="scroll" tabindex="0" role="region" aria-label="Retrieval results"><table>
    <thead><tr><th scope="col">task</th><th scope="col" class="number">R@1</th>
    <th scope="col" class="number">R@5</th><th scope="col" class="number">R@10</th></tr></thead>
    <tbody>${results.map(
      (result) => html`
      <tr><th scope="row">${result.name}, image to text <small>(${count(result.n)})</small></th>${cells(result.imageToText)}</tr>
      <tr><th scope="row">${result.name}, text to image</th>${cells(result.textToImage)}</tr>
      ${
        result.chance !== undefined &&
        html`<tr class="mute"><th scope="row">chance</th>${cells(result.chance)}</tr>`
      }`,
    )}</tbody></table></div></figure>`;
}
