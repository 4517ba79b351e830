/** Losses counted by stage and reason, with a few examples of each. */

import type { Reason } from '../core/reasons.js';
import { type Reject, STAGES, type StageName } from '../core/types.js';
import { Draw } from './draw.js';
import { Tally } from './tally.js';
import { cut, TEXT_LENGTH, URL_LENGTH } from './text.js';
import type { LossSample, StageLosses } from './types.js';

const EXAMPLES = 5;

interface Counted {
  count: number;
  readonly by: Tally;
  readonly draw: Draw<LossSample>;
}

export class LossCounter {
  readonly #seed: number;
  readonly #stages = new Map<StageName, Map<Reason, Counted>>();

  constructor(seed: number) {
    this.#seed = seed;
  }

  add(reject: Reject): void {
    const reasons = this.#stages.get(reject.stage) ?? new Map<Reason, Counted>();
    this.#stages.set(reject.stage, reasons);
    const counted = reasons.get(reject.reason) ?? {
      count: 0,
      by: new Tally(),
      draw: new Draw<LossSample>(this.#seed, EXAMPLES),
    };
    reasons.set(reject.reason, counted);
    counted.count += 1;
    if (reject.by !== undefined) counted.by.add(reject.by);
    counted.draw.offer(reject.id, () => exampleOf(reject));
  }

  /** In the order of the stages; reasons most first. */
  describe(): StageLosses[] {
    return STAGES.flatMap((stage) => {
      const reasons = [...(this.#stages.get(stage) ?? [])]
        .map(([reason, { count, by, draw }]) => ({
          reason,
          count,
          ...(by.total > 0 && { by: by.top(Number.POSITIVE_INFINITY) }),
          samples: draw.items(),
        }))
        .sort((a, b) => b.count - a.count || (a.reason < b.reason ? -1 : 1));
      if (reasons.length === 0) return [];
      return [{ stage, count: reasons.reduce((sum, { count }) => sum + count, 0), reasons }];
    });
  }
}

function exampleOf({ text, imageUrl, pageUrl, detail }: Reject): LossSample {
  return {
    text: cut(text, TEXT_LENGTH),
    url: cut(imageUrl, URL_LENGTH),
    ...(pageUrl !== undefined && { pageUrl: cut(pageUrl, URL_LENGTH) }),
    ...(detail !== undefined && { detail: cut(detail, TEXT_LENGTH) }),
  };
}
