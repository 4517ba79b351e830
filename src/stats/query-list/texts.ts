/** The queries themselves: how long they are, and some of each source. */

import type { Query } from '../../core/types.js';
import { figure } from '../charts/frame.js';
import { histogram } from '../charts/histogram.js';
import { Draw } from '../draw.js';
import { foreign, type Html, html } from '../html.js';
import type { Section } from '../sections/section.js';
import { Spread } from '../spread.js';
import { decimal, shortCount } from '../text.js';
import { sourceWords } from './wording.js';

/** Drawn from each source. */
const SAMPLES = 24;
const BINS = 20;

export function samplesSection(queries: readonly Query[]): Section {
  const draws = new Map<string, Draw<Query>>();
  for (const query of queries) {
    for (const source of query.sources) {
      const draw = draws.get(source) ?? new Draw<Query>(0, SAMPLES);
      draws.set(source, draw);
      draw.offer(query.text, () => query);
    }
  }
  return {
    id: 'samples',
    title: 'A few of them',
    about: 'Drawn at random from each source, with the measure that ranks it there.',
    body: html`<div class="columns">${[...draws].map(([source, draw]) =>
      figure({ title: sourceWords(source).many, body: names(source, draw.items()) }),
    )}</div>`,
  };
}

function names(source: string, drawn: readonly Query[]): Html {
  return html`<ul class="names">${drawn.map(
    (query) => html`<li>${foreign(query.text, 60)}<span>${measure(source, query)}</span></li>`,
  )}</ul>`;
}

function measure(source: string, query: Query): string {
  if (source === 'unigram' && query.unigramCount !== undefined) {
    return shortCount(query.unigramCount);
  }
  if (source === 'bigram' && query.pmi !== undefined) return `${decimal(query.pmi)} bits`;
  if (source === 'title' && query.views !== undefined) return shortCount(query.views);
  return '';
}

export function lengthsSection(queries: readonly Query[]): Section {
  const words = new Spread();
  const characters = new Spread();
  for (const { text } of queries) {
    words.add(text.split(' ').length);
    characters.add([...text].length);
  }
  const of = (spread: Spread) => spread.distribution(spread.edges(BINS));
  const [longest, median] = [of(words).max, of(characters).median];
  return {
    id: 'lengths',
    title: 'How long they are',
    about: `Half of the queries have at most ${decimal(median)} characters; the longest has ${decimal(longest)} words.`,
    body: html`<div class="columns">
      ${figure({ title: 'Words', note: 'Queries by number of words.', body: histogram(of(words), { label: 'words in a query' }) })}
      ${figure({ title: 'Characters', note: 'Queries by number of characters.', body: histogram(of(characters), { label: 'characters in a query' }) })}
    </div>`,
  };
}
