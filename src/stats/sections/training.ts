/** A training run on the dataset: the loss, and every other metric that was logged. */

import { figure } from '../charts/frame.js';
import { lineChart, type Point } from '../charts/lines.js';
import { type Html, html } from '../html.js';
import { decimal, plural } from '../text.js';
import type { TrainingPoint, TrainingResult } from '../types.js';
import type { Section } from './section.js';

const METRIC_WORDS: Readonly<Record<string, string>> = {
  lr: 'Learning rate',
  scale: 'Logit scale',
  logitScale: 'Logit scale',
  logit_scale: 'Logit scale',
  samplesPerSecond: 'Samples per second',
  samples_per_second: 'Samples per second',
  gradNorm: 'Gradient norm',
  grad_norm: 'Gradient norm',
};

/** Other metrics drawn, at most. */
const METRICS = 6;

export function trainingSection(training: TrainingResult | undefined): Section | undefined {
  const last = training?.points.at(-1);
  if (training === undefined || last === undefined) return undefined;
  const { points, chanceLoss, facts = [] } = training;
  const raw = pointsOf(points, 'loss');
  return {
    id: 'training',
    title: 'Training',
    about: `${plural(last.step, 'step')}; the loss went from ${decimal(points[0]?.loss ?? 0)} to ${decimal(last.loss)}.`,
    body: html`<div class="columns uneven">${figure({
      title: 'Loss',
      note: 'Contrastive cross-entropy of each logged step, and its moving mean.',
      body: lineChart({
        description: `Training loss by step, from ${decimal(points[0]?.loss ?? 0)} to ${decimal(last.loss)}.`,
        xLabel: 'step',
        scale: 'linear',
        lines: [
          { tone: 'keep', points: raw, faint: true },
          { tone: 'keep', points: smooth(raw) },
        ],
        rules: chanceLoss === undefined ? [] : [{ y: chanceLoss, label: 'guessing' }],
      }),
    })}${
      facts.length > 0 &&
      html`<dl class="facts">${facts.map(
        ([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`,
      )}</dl>`
    }</div>${otherMetrics(points)}`,
  };
}

function otherMetrics(points: readonly TrainingPoint[]): Html | false {
  const names = [...new Set(points.flatMap(Object.keys))]
    .filter((name) => name !== 'step' && name !== 'loss')
    .sort()
    .slice(0, METRICS);
  if (names.length === 0) return false;
  return html`<div class="metrics">${names.map((name) =>
    figure({
      title: METRIC_WORDS[name] ?? name,
      body: lineChart({
        description: `${METRIC_WORDS[name] ?? name} by step.`,
        xLabel: 'step',
        scale: 'linear',
        lines: [{ tone: 'mute', points: pointsOf(points, name) }],
      }),
    }),
  )}</div>`;
}

function pointsOf(points: readonly TrainingPoint[], metric: string): Point[] {
  return points.flatMap((point) => {
    const y = point[metric];
    return y === undefined ? [] : [{ x: point.step, y }];
  });
}

/** Mean over about a twentieth of the run around each point, less where the run begins or ends. */
function smooth(points: readonly Point[]): Point[] {
  const finite = points.filter((point) => Number.isFinite(point.y));
  const half = Math.floor(finite.length / 40);
  // sums[i] is the sum of the first i values.
  const sums = [0];
  for (const { y } of finite) sums.push((sums.at(-1) as number) + y);
  return finite.map(({ x }, i) => {
    const reach = Math.min(half, i, finite.length - 1 - i);
    const [from, to] = [i - reach, i + reach + 1];
    return { x, y: ((sums[to] as number) - (sums[from] as number)) / (to - from) };
  });
}
