/** The report page of a query list: LIST.html, from its account and its queries. */

import { basename } from 'node:path';
import type { QueryAccount } from '../../core/query-account.js';
import { writeAtomically } from '../../core/store.js';
import type { Query } from '../../core/types.js';
import { renderDocument } from '../document.js';
import { foreign, type Html, html } from '../html.js';
import { count, plural, shortCount } from '../text.js';
import { inputsSection } from './inputs.js';
import { measuresSection } from './measures.js';
import { sourcesSection } from './sources.js';
import { lengthsSection, samplesSection } from './texts.js';
import { sourceWords } from './wording.js';

/**
 * Writes the page. The same list gives the same bytes.
 * @throws WitError `disk` when the file cannot be written.
 */
export async function writeListReport(
  path: string,
  account: QueryAccount,
  queries: readonly Query[],
): Promise<void> {
  await writeAtomically(path, renderListPage(basename(path, '.html'), account, queries));
}

export function renderListPage(
  name: string,
  account: QueryAccount,
  queries: readonly Query[],
): string {
  return renderDocument({
    title: `${name}, a query list`,
    header: header(name, account),
    sections: [
      samplesSection(account, queries),
      sourcesSection(account, queries),
      measuresSection(account),
      lengthsSection(queries),
      inputsSection(account),
    ],
    footer: footer(name, account),
  });
}

function header(name: string, account: QueryAccount): Html {
  const { size, sources } = account;
  return html`<header>
    <p class="kicker">WebImageText query list</p>
    <h1>${foreign(name)}</h1>
    <p class="lede">${lede(account)}</p>
    <dl class="figures"><div class="result"><dt>queries</dt><dd>${count(size)}</dd></div>
    ${sources
      .filter(({ charged }) => charged > 0)
      .map(
        ({ source, charged }) =>
          html`<div><dt>${sourceWords(source).many}</dt><dd>${shortCount(charged)}</dd></div>`,
      )}</dl></header>`;
}

function lede({ size, inputs, read }: QueryAccount): string {
  const articles = read.articles ?? 0;
  const from = inputs.some(({ kind }) => kind === 'dump')
    ? `${articles > 0 ? `${plural(articles, 'article')} of ` : ''}Wikipedia and WordNet`
    : 'WordNet and lists of frequent words, without a dump of Wikipedia';
  return `${plural(size, 'search term')} from ${from}: what a crawl looks for in the texts beside images.`;
}

function footer(name: string, { settings }: QueryAccount): Html {
  return html`<footer><p>The numbers of this page are in <a href="${name}.json">${name}.json</a> beside
    it, the queries in <a href="${name}.parquet">${name}.parquet</a>.</p>
    <details><summary><span class="reason">Settings this list was built with</span></summary>
    <pre>${JSON.stringify(settings, null, 2)}</pre></details></footer>`;
}
