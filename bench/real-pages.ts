/**
 * Real wikitext to resample: the excerpt of English Wikipedia that lies beside the project, or, where
 * it does not, pages made from the documentation that npm packages carry.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../src/core/version.js';

export interface RealPage {
  title: string;
  /** Escaped for XML. */
  text: string;
}

export interface RealPages {
  /** Wikitext as people write it, or made from documentation. */
  from: 'wikitext' | 'documentation';
  /** `<mediawiki …>` and `<siteinfo>`, with the line's end. */
  header: string;
  /** No redirects. */
  pages: RealPage[];
}

const EXCERPT = join(packageRoot, '..', 'shared', 'wiki', 'enwiki-sample.xml.bz2');

/** The excerpt, WIT_BENCH_DUMP (a small dump, .bz2) in its place, or else documentation. */
export function realPages(): RealPages {
  const path = process.env.WIT_BENCH_DUMP ?? EXCERPT;
  return existsSync(path) ? excerptPages(path) : documentationPages();
}

function excerptPages(path: string): RealPages {
  const xml = execFileSync('bzip2', ['-dc', path], {
    maxBuffer: 2 ** 30,
    encoding: 'utf8',
  });
  const pages = [...xml.matchAll(/<page>.*?<\/page>/gs)]
    .map(([page]) => page)
    .filter((page) => !page.includes('<redirect '))
    .map((page) => ({
      title: /<title>(.*?)<\/title>/.exec(page)?.[1] ?? '',
      text: /<text[^>]*>(.*?)<\/text>/s.exec(page)?.[1] ?? '',
    }));
  const header = xml.slice(0, xml.indexOf('<page>')).trimEnd();
  return { from: 'wikitext', header: `${header}\n`, pages };
}

const HEADER = `<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.10/" version="0.10" xml:lang="en">
  <siteinfo>
    <sitename>Synthetic</sitename>
    <dbname>syntheticwiki</dbname>
    <namespaces>
${[
  [-2, 'Media'],
  [-1, 'Special'],
  [0, ''],
  [1, 'Talk'],
  [4, 'Wikipedia'],
  [6, 'File'],
  [10, 'Template'],
  [14, 'Category'],
]
  .map(([key, name]) => `      <namespace key="${key}" case="first-letter">${name}</namespace>`)
  .join('\n')}
    </namespaces>
  </siteinfo>
`;

/** READMEs of the installed packages as wikitext. */
function documentationPages(): RealPages {
  const modules = join(packageRoot, 'node_modules');
  const files = readdirSync(modules, { recursive: true })
    .map(String)
    .filter((name) => /(^|\/)README\.md$/i.test(name))
    .sort();
  const pages = files
    .map((name) => ({ name, markdown: readFileSync(join(modules, name), 'utf8') }))
    .filter(({ markdown }) => markdown.length > 2_000)
    .map(({ name, markdown }, i) => ({
      title: `Package ${name.replace(/[^A-Za-z]+/g, ' ').trim()}`,
      text: escapeXml(asWikitext(markdown, i)),
    }));
  return { from: 'documentation', header: HEADER, pages };
}

/** Markdown's headings, links, code and emphasis as wikitext, with a template, table and reference. */
function asWikitext(markdown: string, i: number): string {
  const reference = `<ref name="n${i}">{{cite web|url=https://example.org/${i}|title=On ${i}}}</ref>`;
  const body = markdown
    .replace(/```.*?```/gs, (code) => `<pre>${code.slice(3, -3)}</pre>`)
    .replace(/^(#+) (.*)$/gm, (_, marks: string, text: string) => {
      const equals = '='.repeat(Math.min(6, marks.length + 1));
      return `${equals} ${text} ${equals}`;
    })
    .replace(/!?\[([^\]]*)\]\((https?:[^)\s]*)[^)]*\)/g, '[$2 $1]')
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '[[$1]]')
    .replace(/\*\*([^*\n]+)\*\*/g, "'''$1'''")
    .replace(/`([^`\n]+)`/g, '<code>$1</code>')
    .replace(/\.\n\n/g, `.${reference}\n\n`);
  const box = `{{Infobox software\n| name = n${i}\n| released = {{start date|20${10 + (i % 10)}}}\n}}\n`;
  const table = `\n{| class="wikitable"\n|-\n! Name !! Value\n|-\n| n${i} || {{val|${i}}}\n|}\n`;
  return `${box}${body}${table}[[Category:Software]]\n`;
}

function escapeXml(text: string): string {
  return text
    .replace(/\p{Cc}/gu, (control) => (control === '\n' || control === '\t' ? control : ''))
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/>/g, '&gt;')
    .replace(/"/g, '&quot;');
}
