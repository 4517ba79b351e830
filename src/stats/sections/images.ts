/** The images: sizes as downloaded and as stored, shapes, formats. */

import { figure } from '../charts/frame.js';
import { histogram } from '../charts/histogram.js';
import { html } from '../html.js';
import { bytes, decimal, ratio } from '../text.js';
import type { Stats } from '../types.js';
import type { Section } from './section.js';

/** Names of the bins of `ASPECT_EDGES` (collect.ts): the round ratio in the middle of each. */
const ASPECT_NAMES = ['1:3', '1:2', '5:8', '4:5', '1:1', '5:4', '8:5', '2:1', '3:1'];

export function imagesSection({ images, funnel, bytes: size }: Stats): Section {
  const { originalSide, storedSide, aspect, formats, reduced } = images;
  const mean = funnel.kept === 0 ? 0 : size / funnel.kept;
  const kinds = formats.top
    .map(({ name, count: n }) => `${name} (${ratio(n, formats.total)})`)
    .join(', ');
  return {
    id: 'images',
    title: 'Images',
    about:
      funnel.kept === 0
        ? 'There are no images yet.'
        : `The median short side is ${decimal(originalSide.median)} px as downloaded and ${decimal(storedSide.median)} px as stored; ${ratio(reduced, funnel.kept)} were made smaller, none larger. Stored as ${kinds}, ${bytes(mean)} a row on average.`,
    body: html`<div class="columns">
      ${figure({
        title: 'Short side',
        note: 'Images by the length of their shorter side.',
        legend: [
          ['keep', 'as downloaded'],
          ['lose', 'as stored'],
        ],
        body: histogram(originalSide, { label: 'pixels', over: storedSide }),
      })}
      ${figure({
        title: 'Shape',
        note: 'Images by width to height, tall to wide.',
        body: histogram(aspect, { label: 'width : height', names: ASPECT_NAMES }),
      })}</div>`,
  };
}
