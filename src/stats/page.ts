/**
 * The report page as one string: no script, no network, nothing outside of the file. The policy in
 * its head forbids both even if an escape were missing: only data: images and the one style sheet,
 * named by its hash, are allowed (Content Security Policy Level 3).
 */

import { createHash } from 'node:crypto';
import { foreign, type Html, html, styleElement } from './html.js';
import { captionsSection } from './sections/captions.js';
import { evaluationSection } from './sections/evaluation.js';
import { flowSection } from './sections/flow.js';
import { gallerySection } from './sections/gallery.js';
import { headerSection } from './sections/header.js';
import { imagesSection } from './sections/images.js';
import { lossesSection } from './sections/losses.js';
import { provenanceSection } from './sections/provenance.js';
import { queriesSection } from './sections/queries.js';
import { renderSection, type Section } from './sections/section.js';
import { trainingSection } from './sections/training.js';
import { STYLE } from './style.js';
import type { Extras, Stats } from './types.js';

const styleHash = createHash('sha256').update(STYLE).digest('base64');

const POLICY = [
  "default-src 'none'",
  'img-src data:',
  `style-src 'sha256-${styleHash}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

export function renderPage(stats: Stats, extras: Extras = {}): string {
  const sections = [
    gallerySection(stats),
    flowSection(stats),
    lossesSection(stats),
    queriesSection(stats),
    captionsSection(stats),
    imagesSection(stats),
    provenanceSection(stats),
    trainingSection(extras.training),
    evaluationSection(extras),
  ].filter((section) => section !== undefined);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${stats.name} · WebImageText</title>
<link rel="icon" href="data:,">
${styleElement(STYLE)}
</head>
<body>
${headerSection(stats, extras)}
<main>${navigation(sections)}${sections.map(renderSection)}</main>
${footer(stats)}
</body>
</html>
`;
  return page.toString();
}

function navigation(sections: readonly Section[]): Html {
  return html`<nav aria-label="Sections"><ul>${sections.map(
    ({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`,
  )}</ul></nav>`;
}

function footer({ snapshot, config }: Stats): Html {
  return html`<footer><p>Snapshot ${foreign(snapshot)}. The numbers of this page are in
    <a href="stats.json">stats.json</a> beside it; every loss is a row in rejects/.</p>
    <details><summary><span class="reason">Settings this dataset was built with</span></summary>
    <pre>${JSON.stringify(config, null, 2)}</pre></details></footer>`;
}
