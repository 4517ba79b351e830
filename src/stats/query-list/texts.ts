/** The queries themselves: how long they are, and some of each source. */

import type { QueryAccount } from '../../core/query-account.js';
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
/** Longer ones count as this long. */
const MOST_WORDS = 6;

export function samplesSection({ sources }: QueryAccount, queries: readonly Query[]): Section {
  const draws = new Map(sources.map(({ source }) => [source, new Draw<Query>(0, SAMPLES)]));
  for (const query of queries) {
    for (const source of query.sources) {
      // By the source too, or a text that has several would stand below each.
      draws.get(source)?.offer(`${source} ${query.text}`, () => query);
    }
  }
  const drawn = [...draws].map(([source, draw]) => ({ source, queries: draw.items() }));
  return {
    id: 'samples',
    title: 'A few of them',
    about: 'Drawn at random from each source, with its measure there.',
    body: html`<div class="columns">${drawn
      .filter((of) => of.queries.length > 0)
      .map((of) =>
        figure({
          title: sourceWords(of.source).many,
          wide: true,
          body: names(of.source, of.queries),
        }),
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
  const edges = Array.from({ length: MOST_WORDS + 1 }, (_, i) => i + 1);
  const byWords = words.distribution(edges);
  const byCharacters = characters.distribution(characters.edges(BINS));
  const last = `${MOST_WORDS}+`;
  return {
    id: 'lengths',
    title: 'How long they are',
    about: `Half of the queries have at most ${decimal(byCharacters.median)} characters; the longest has ${decimal(byWords.max)} words.`,
    body: html`<div class="columns">
      ${figure({
        title: 'Words',
        note: 'Queries by number of words.',
        body: histogram(byWords, {
          label: 'words in a query',
          names: edges.slice(0, -1).map((n) => (n === MOST_WORDS ? last : String(n))),
        }),
      })}
      ${figure({
        title: 'Characters',
        note: 'Queries by number of characters.',
        body: histogram(byCharacters, { label: 'characters in a query' }),
      })}
    </div>`,
  };
}
