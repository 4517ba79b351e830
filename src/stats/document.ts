/**
 * The frame of every report page: one file, no script, no network, nothing outside of it. The policy in
 * its head forbids both even if an escape were missing: only data: images and the one style sheet,
 * named by its hash, are allowed (Content Security Policy Level 3).
 */

import { createHash } from 'node:crypto';
import { type Html, html, styleElement } from './html.js';
import { renderSection, type Section } from './sections/section.js';
import { STYLE } from './style.js';

const styleHash = createHash('sha256').update(STYLE).digest('base64');

const POLICY = [
  "default-src 'none'",
  'img-src data:',
  `style-src 'sha256-${styleHash}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

export interface PageParts {
  readonly title: string;
  readonly header: Html;
  readonly sections: readonly Section[];
  readonly footer: Html;
}

export function renderDocument({ title, header, sections, footer }: PageParts): string {
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title} · WebImageText</title>
<link rel="icon" href="data:,">
${styleElement(STYLE)}
</head>
<body>
${header}
<main>${navigation(sections)}${sections.map(renderSection)}</main>
${footer}
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
