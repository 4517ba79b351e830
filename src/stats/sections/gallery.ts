/** Sample rows: the pictures with their texts. */

import { foreign, type Html, html, link } from '../html.js';
import { count, plural } from '../text.js';
import type { Sample, Stats } from '../types.js';
import type { Section } from './section.js';

export function gallerySection({ samples, funnel }: Stats): Section | undefined {
  if (samples.length === 0) return undefined;
  return {
    id: 'samples',
    title: 'What is in it',
    about: `${plural(samples.length, 'row')} of ${count(funnel.kept)}, drawn at random with the dataset’s seed and not picked by anyone.`,
    body: html`<ul class="gallery">${samples.map((sample) => html`<li>${card(sample)}</li>`)}</ul>`,
  };
}

function card(sample: Sample): Html {
  const { originalWidth, originalHeight } = sample;
  return html`<figure><div class="mat">${
    sample.thumbnail === undefined
      ? 'cannot be decoded'
      : html`<img src="${sample.thumbnail}" alt="">`
  }</div><figcaption><blockquote>${foreign(sample.text, 120)}</blockquote>
    <small>${originalWidth} × ${originalHeight} px ·
    ${link(sample.pageUrl ?? sample.url, 48, 'host')}</small></figcaption></figure>`;
}
