/** Where the queries come from: counts by source against their targets, and what sources share. */

import type { QueryAccount } from '../../core/query-account.js';
import type { Query } from '../../core/types.js';
import { barTable, countBars } from '../charts/bars.js';
import { figure } from '../charts/frame.js';
import { type Html, html } from '../html.js';
import type { Section } from '../sections/section.js';
import { count, decimal, plural } from '../text.js';
import { sourceWords } from './wording.js';

export function sourcesSection(account: QueryAccount, queries: readonly Query[]): Section {
  return {
    id: 'sources',
    title: 'Where they come from',
    about:
      'A query that several sources bring is charged to the first of them to bring it, and keeps the names of all.',
    body: html`<div class="columns">${chargedBars(account)}${thresholds(account)}${combinations(queries)}</div>`,
  };
}

function chargedBars({ sources }: QueryAccount): Html {
  const most = Math.max(1, ...sources.map((row) => Math.max(row.target ?? 0, row.charged)));
  const targets = sources.some(({ target }) => target !== null);
  return figure({
    title: 'Charged to each source',
    note: html`${targets ? 'The pale bar is the target, the full one what was charged to the source.' : 'There were no targets: everything that passes the thresholds is in.'}
      ${moved({ sources })}`,
    wide: true,
    body: barTable(
      ['source', 'charged', ...(targets ? ['target'] : []), 'in all'],
      sources.map((row) => ({
        label: sourceWords(row.source).many,
        share: (row.target ?? row.charged) / most,
        inner: row.charged / most,
        cells: [
          count(row.charged),
          ...(targets ? [row.target === null ? '–' : count(row.target)] : []),
          count(row.listed),
        ],
      })),
    ),
  });
}

/** Who fell short, and where the places went. */
function moved({ sources }: Pick<QueryAccount, 'sources'>): string {
  const short = sources.filter(({ left }) => left > 0);
  if (short.length === 0) return '';
  const left = short.reduce((sum, row) => sum + row.left, 0);
  const gained = sources.reduce((sum, row) => sum + row.gained, 0);
  const who = short
    .map((row) => `${sourceWords(row.source).many} left ${count(row.left)}`)
    .join(', ');
  const unfilled = left > gained ? ` ${plural(left - gained, 'place')} stayed empty.` : '';
  const filled = gained > 0 ? ` Others filled ${count(gained)} of these places.` : '';
  return `Where a source has too few, others that have more take its places: ${who}.${filled}${unfilled}`;
}

function thresholds({ sources }: QueryAccount): Html {
  return figure({
    title: 'How they were cut',
    note: 'Entries that passed the thresholds of their source, and the lowest score among those charged to it.',
    wide: true,
    body: html`<table><thead><tr><th scope="col">source</th>
      <th scope="col" class="number">passed</th><th scope="col" class="number">lowest kept</th>
      </tr></thead><tbody>${sources.map(
        (row) => html`<tr><th scope="row">${sourceWords(row.source).many}</th>
        <td class="number">${count(row.passed)}</td>
        <td class="number">${row.cut === null ? '–' : `${decimal(row.cut)} ${sourceWords(row.source).unit}`}</td></tr>`,
      )}</tbody></table>`,
  });
}

/** By the exact set of sources. */
function combinations(queries: readonly Query[]): Html {
  const counts = new Map<string, number>();
  for (const { sources } of queries) {
    const name = sources.map((source) => sourceWords(source).one).join(' + ');
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const rows = [...counts]
    .map(([label, n]) => ({ label, count: n }))
    .sort((a, b) => b.count - a.count || (a.label < b.label ? -1 : 1));
  return figure({
    title: 'What the sources share',
    note: 'Queries by the exact set of sources that brought them.',
    wide: true,
    body: countBars('brought by', rows, queries.length, { format: count }),
  });
}
