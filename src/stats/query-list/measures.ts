/** How words, bigrams and titles are spread, and where the list cuts them. */

import type { AccountBin, QueryAccount } from '../../core/query-account.js';
import { figure } from '../charts/frame.js';
import { lineChart } from '../charts/lines.js';
import { type Html, html } from '../html.js';
import type { Section } from '../sections/section.js';
import { count, decimal, plural } from '../text.js';
import { binChart } from './bins.js';
import { compactCount } from './wording.js';

export function measuresSection(account: QueryAccount): Section {
  return {
    id: 'measures',
    title: 'Words, pairs and pages',
    about: 'Everything that was counted, and the line above which the list takes it.',
    body: html`<div class="columns">${zipf(account)}${occurrences(account)}${pmi(account)}${views(account)}</div>`,
  };
}

function zipf({ unigramRanks, settings }: QueryAccount): Html {
  const least = settings.minCount;
  const top = unigramRanks[0];
  const last = unigramRanks.at(-1);
  return figure({
    title: 'Zipf’s law',
    note: 'Words from the most frequent to the rarest, by how often they occur; both axes are logarithmic.',
    body: lineChart({
      description:
        top === undefined || last === undefined
          ? 'No words.'
          : `Occurrences of words by rank: the first occurs ${count(top.count)} times, that of rank ${count(last.rank)} ${count(last.count)} times.`,
      xLabel: 'rank of the word',
      scale: 'log',
      lines: [
        {
          tone: 'keep',
          points: unigramRanks.map((point) => ({ x: point.rank, y: point.count })),
          filled: true,
        },
      ],
      rules:
        typeof least === 'number' && least > 1 && last !== undefined && last.count < least
          ? [{ y: least, label: `at least ${count(least)}` }]
          : [],
    }),
  });
}

function occurrences(account: QueryAccount): Html {
  const cut = cutOf(account, 'unigram');
  return figure({
    title: 'Words by occurrences',
    note: 'Each column is twice as frequent as the one before.',
    body: binChart({
      bins: account.unigramCounts,
      label: 'occurrences of a word',
      description: describe(account.unigramCounts, 'different words', 'occurrences'),
      format: compactCount,
      ...(cut !== null && { cut: { at: cut, label: `kept from ${compactCount(cut)}` } }),
    }),
  });
}

function pmi(account: QueryAccount): Html {
  const cut = cutOf(account, 'bigram');
  return figure({
    title: 'Bigrams by mutual information',
    note: 'How many times more often two words stand together than chance would have it, in powers of two.',
    body: binChart({
      bins: account.pmi,
      label: 'pointwise mutual information, bits',
      description: describe(account.pmi, 'bigrams', 'bits'),
      format: decimal,
      ...(cut !== null && { cut: { at: cut, label: `kept from ${decimal(cut)}` } }),
    }),
  });
}

function views(account: QueryAccount): Html {
  if (account.views.length === 0) {
    return figure({
      title: 'Titles by page views',
      body: html`<p class="none">No view files were read, so there are no titles.</p>`,
    });
  }
  const cut = cutOf(account, 'title');
  return figure({
    title: 'Titles by page views',
    note: 'Over all view files that were read. Each column has twice the views of the one before.',
    body: binChart({
      bins: account.views,
      label: 'views of the article',
      description: describe(account.views, 'articles', 'views'),
      format: compactCount,
      ...(cut !== null && { cut: { at: cut, label: `kept from ${compactCount(cut)}` } }),
    }),
  });
}

/** The lowest score charged to a source. */
function cutOf({ sources }: QueryAccount, source: string): number | null {
  return sources.find((row) => row.source === source)?.cut ?? null;
}

function describe(bins: readonly AccountBin[], what: string, unit: string): string {
  const total = bins.reduce((sum, bin) => sum + bin.count, 0);
  const from = bins[0]?.from ?? 0;
  const to = bins.at(-1)?.to ?? 0;
  return `Histogram of ${count(total)} ${what} from ${decimal(from)} to ${plural(to, unit, unit)}.`;
}
