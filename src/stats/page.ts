/** The report page of a dataset, as one string. */

import { renderDocument } from './document.js';
import { foreign, type Html, html } from './html.js';
import { captionsSection } from './sections/captions.js';
import { evaluationSection } from './sections/evaluation.js';
import { flowSection } from './sections/flow.js';
import { gallerySection } from './sections/gallery.js';
import { headerSection } from './sections/header.js';
import { imagesSection } from './sections/images.js';
import { lossesSection } from './sections/losses.js';
import { provenanceSection } from './sections/provenance.js';
import { queriesSection } from './sections/queries.js';
import { trainingSection } from './sections/training.js';
import type { Extras, Stats } from './types.js';

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
  return renderDocument({
    title: stats.name,
    header: headerSection(stats, extras),
    sections,
    footer: footer(stats),
  });
}

function footer({ snapshot, config }: Stats): Html {
  return html`<footer><p>Snapshot ${foreign(snapshot)}. The numbers of this page are in
    <a href="stats.json">stats.json</a> beside it; every loss is a row in rejects/.</p>
    <details><summary><span class="reason">Settings this dataset was built with</span></summary>
    <pre>${JSON.stringify(config, null, 2)}</pre></details></footer>`;
}
