/** Where the images come from and under which licences. */

import { barTable, countBars } from '../charts/bars.js';
import { figure } from '../charts/frame.js';
import { foreign, type Html, html } from '../html.js';
import { count, plural, ratio } from '../text.js';
import type { Ranking, Stats } from '../types.js';
import type { Section } from './section.js';

export function provenanceSection({ provenance }: Stats): Section {
  const { hosts, sources, licences } = provenance;
  const most = Math.max(1, ...hosts.top.map((row) => row.candidates));
  const all =
    hosts.distinct === null ? 'more than a million hosts' : plural(hosts.distinct, 'host');
  return {
    id: 'provenance',
    title: 'Where it comes from',
    about: `Candidates lie on ${all}${hosts.distinct === hosts.top.length ? '' : `; the largest ${hosts.top.length} are shown`}.${hosts.error > 0 ? ` Counts may be up to ${count(hosts.error)} too low.` : ''}`,
    body: html`<div class="columns">
      ${figure({
        title: 'Hosts',
        note: 'Hosts of the images: the pale bar is candidates, the full one rows of the dataset.',
        wide: true,
        body: barTable(
          ['host', 'candidates', 'kept', 'share kept'],
          hosts.top.map((row) => ({
            label: foreign(row.host, 60),
            share: row.candidates / most,
            inner: row.kept / most,
            cells: [count(row.candidates), count(row.kept), ratio(row.kept, row.candidates)],
          })),
        ),
      })}
      ${ranked('Found by', 'source', sources)}
      ${ranked('Licences', 'licence', licences, 'As stated by the source, of rows in the dataset.')}
      </div>`,
  };
}

function ranked(title: string, head: string, ranking: Ranking, note?: string): Html {
  const rows = ranking.top.map(({ name, count: n }) => ({ label: foreign(name, 60), count: n }));
  return figure({
    title,
    ...(note !== undefined && { note }),
    body: countBars(head, rows, ranking.total, { format: count }),
  });
}
