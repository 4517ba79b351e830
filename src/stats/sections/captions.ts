/** The texts: how long they are, where they stood, in which languages. */

import { countBars } from '../charts/bars.js';
import { figure } from '../charts/frame.js';
import { histogram } from '../charts/histogram.js';
import { html } from '../html.js';
import { count, decimal, plural } from '../text.js';
import type { Distribution, Stats } from '../types.js';
import type { Section } from './section.js';

const SOURCE_WORDS: Readonly<Record<string, string>> = {
  alt: 'alt text',
  caption: 'figure caption',
  title: 'title attribute',
  list: 'list of URLs and captions',
  search: 'image search',
};

const languageNames = new Intl.DisplayNames('en', { type: 'language', fallback: 'code' });

export function captionsSection({ captions, funnel }: Stats): Section {
  const { words, chars, sources, languages } = captions;
  return {
    id: 'captions',
    title: 'Captions',
    about: spread(words, 'word'),
    body: html`<div class="columns">
      ${figure({
        title: 'Words',
        note: 'Captions by number of words.',
        body: histogram(words, { label: 'words in a caption' }),
      })}
      ${figure({
        title: 'Characters',
        note: 'Captions by number of characters.',
        body: histogram(chars, { label: 'characters in a caption' }),
      })}
      ${figure({
        title: 'Where the text stood',
        note: 'Of all candidates.',
        body: countBars(
          'source',
          sources.top.map(({ name, count: n }) => ({
            label: SOURCE_WORDS[name] ?? name,
            count: n,
          })),
          sources.total,
          { format: count },
        ),
      })}
      ${figure({
        title: 'Languages',
        note:
          captions.languagesOf === funnel.kept
            ? 'As detected; one or two words are easily mistaken for another language.'
            : `As detected in a random sample of ${plural(captions.languagesOf, 'caption')}.`,
        body: countBars(
          'language',
          languages.top.map(({ name, count: n }) => ({ label: languageName(name), count: n })),
          languages.total,
          { format: count },
        ),
      })}</div>`,
  };
}

function spread({ count: n, p10, median, p90, max }: Distribution, unit: string): string {
  if (n === 0) return 'There are no captions yet.';
  return `Half of the captions have at most ${plural(median, unit)}; eight in ten have ${decimal(p10)} to ${decimal(p90)}, and the longest has ${count(max)}.`;
}

function languageName(code: string): string {
  return code === 'und' ? 'undetermined' : (languageNames.of(code) ?? code);
}
