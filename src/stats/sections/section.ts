/** The frame of every section: an anchor, a heading, a sentence, the content. */

import { type Html, html } from '../html.js';

export interface Section {
  /** Also the anchor of its link in the page's navigation. */
  readonly id: string;
  readonly title: string;
  readonly about: Html | string;
  readonly body: Html;
}

export function renderSection({ id, title, about, body }: Section): Html {
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    <p class="about">${about}</p>
    ${body}</section>`;
}
