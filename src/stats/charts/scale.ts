/** From values to pixels: linear and logarithmic scales with round ticks. */

export interface Scale {
  readonly ticks: readonly number[];
  /** Position of `value` in the scale's range. */
  at(value: number): number;
}

export type Domain = readonly [from: number, to: number];

/** @param range positions of the ends of `domain`; may fall, as screens count from the top. */
export function linearScale([from, to]: Domain, [start, end]: Domain, ticks = 5): Scale {
  const span = to - from || 1;
  const step = roundStep(span / ticks);
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return {
    // Multiplied rather than added up, so that 3 × 0.1 shows as 0.3.
    ticks: Array.from({ length: Math.max(0, last - first + 1) }, (_, i) =>
      Number(((first + i) * step).toPrecision(12)),
    ),
    at: (value) => start + ((value - from) / span) * (end - start),
  };
}

/** Ticks at powers of ten, thinned to at most seven. `from` must be positive. */
export function logScale([from, to]: Domain, [start, end]: Domain): Scale {
  const low = Math.log10(from);
  const span = Math.log10(to) - low || 1;
  const first = Math.ceil(low - 1e-9);
  const last = Math.floor(low + span + 1e-9);
  const every = Math.ceil((last - first + 1) / 7);
  const ticks: number[] = [];
  for (let power = first; power <= last; power += every) ticks.push(10 ** power);
  return {
    ticks,
    at: (value) => start + ((Math.log10(value) - low) / span) * (end - start),
  };
}

/** The nearest of 1, 2, 2.5, 5 times a power of ten that is not below `x`. */
function roundStep(x: number): number {
  const power = 10 ** Math.floor(Math.log10(x));
  const factor = [1, 2, 2.5, 5, 10].find((each) => each * power >= x * (1 - 1e-9)) ?? 10;
  return factor * power;
}

/** A coordinate in markup: two decimals are a hundredth of a pixel. */
export function px(value: number): string {
  return String(Math.round(value * 100) / 100);
}
