/** The funnel: what came in, what went on, and the largest reasons for what did not. */

import { IMAGE_REASONS } from '../../core/reasons.js';
import { px } from '../charts/scale.js';
import { type Html, html } from '../html.js';
import { count, percent, plural, ratio } from '../text.js';
import type { LossCount, Stats } from '../types.js';
import { REASON_WORDS } from '../wording.js';
import type { Section } from './section.js';

/** Reasons named beside each step; all of them are in the losses section. */
const NAMED = 3;

interface Level {
  readonly name: string;
  readonly count: number;
  /** Why the next level is smaller. */
  readonly lost: readonly LossCount[];
}

export function flowSection(stats: Stats): Section {
  const { funnel, losses } = stats;
  const lostIn = (...stages: string[]): LossCount[] =>
    losses.filter(({ stage }) => stages.includes(stage)).flatMap(({ reasons }) => reasons);
  const after = lostIn('fetch', 'shard').sort((a, b) => b.count - a.count);
  const levels: Level[] = [
    { name: 'candidates', count: funnel.candidates, lost: lostIn('select') },
    {
      name: 'selected',
      count: funnel.selected,
      lost: after.filter(({ reason }) => !IMAGE_REASONS.has(reason)),
    },
    {
      name: 'fetched',
      count: funnel.fetched,
      lost: after.filter(({ reason }) => IMAGE_REASONS.has(reason)),
    },
    { name: 'kept', count: funnel.kept, lost: [] },
  ];
  const lostPages = lostIn('discover').reduce((sum, loss) => sum + loss.count, 0);
  return {
    id: 'funnel',
    title: 'From pages to pairs',
    about: html`${
      funnel.pages > 0 &&
      `${plural(funnel.pages, 'page')} gave ${plural(funnel.candidates, 'candidate')}${
        lostPages > 0 ? `; ${plural(lostPages, 'page or row', 'pages or rows')} gave none` : ''
      }. `
    }${balance(stats)}`,
    body: html`<div class="flow">${levels.map((level, i) =>
      renderLevel(level, levels[i + 1], Math.max(1, funnel.candidates)),
    )}</div>`,
  };
}

function balance({ complete, funnel }: Stats): string {
  const missing = Math.abs(funnel.unaccounted.select) + Math.abs(funnel.unaccounted.fetch);
  if (missing === 0) {
    return 'Every candidate is either a row or a reject with a reason; the counts add up exactly.';
  }
  return complete
    ? `The counts do not add up: ${plural(missing, 'candidate is', 'candidates are')} neither a row nor a reject. Files of this dataset are missing or damaged.`
    : `${plural(missing, 'candidate is', 'candidates are')} still under way.`;
}

function renderLevel(level: Level, next: Level | undefined, all: number): Html {
  const width = (100 * level.count) / all;
  return html`<p class="stage"><b>${count(level.count)}</b><span>${level.name}</span></p>
    <svg class="level" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><rect
      width="${px(width)}" height="10"/></svg>
    <p class="share">${percent(level.count / all)} of candidates</p>
    ${
      next !== undefined &&
      html`<svg class="fall" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true"><polygon
        points="0,0 ${px(width)},0 ${px((100 * next.count) / all)},10 0,10"/></svg>${describeLoss(level, next)}`
    }`;
}

function describeLoss(level: Level, next: Level): Html {
  const gone = level.count - next.count;
  if (gone <= 0) return html`<p class="lost">nothing lost</p>`;
  const named = level.lost
    .slice(0, NAMED)
    .map((loss) => `${REASON_WORDS[loss.reason]} (${count(loss.count)})`);
  if (level.lost.length > NAMED) named.push('…');
  return html`<p class="lost"><b>−${count(gone)}</b> (${ratio(gone, level.count)})
    ${named.join(', ')}</p>`;
}
