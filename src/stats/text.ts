/** Text for people: numbers, shares and sizes, the same in every locale, and cutting what is long. */

const integer = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const compact = new Intl.NumberFormat('en-US', {
  notation: 'compact',
  maximumSignificantDigits: 3,
});

/** `12,345`. */
export function count(n: number): string {
  return integer.format(n);
}

/** `12,345`, and from a million on `1.23M`. */
export function shortCount(n: number): string {
  return n < 1_000_000 ? integer.format(n) : compact.format(n);
}

/** `51.4%`, with enough digits that a small share is not `0%`. */
export function percent(share: number): string {
  const value = share * 100;
  if (value === 0 || value === 100) return `${value}%`;
  if (value < 0.01) return '<0.01%';
  // Not everything is not 100 %.
  if (value > 99.9 && value < 100) return '>99.9%';
  return `${value.toFixed(value < 1 ? 2 : 1)}%`;
}

/** `part / whole` as a percentage; a dash when there is no whole. */
export function ratio(part: number, whole: number): string {
  return whole === 0 ? '–' : percent(part / whole);
}

/** A decimal number with about three digits. */
export function decimal(x: number): string {
  if (Number.isInteger(x) && Math.abs(x) < 1e6) return integer.format(x);
  if (x !== 0 && (Math.abs(x) < 1e-3 || Math.abs(x) >= 1e6)) {
    return x.toExponential(1).replace('.0e', 'e');
  }
  return String(Number(x.toPrecision(3)));
}

/** `3.1 MB`, in powers of 1000. */
export function bytes(n: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = n;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

/** `56`, `5.6`. */
export function rate(perSecond: number): string {
  return perSecond >= 10 ? count(perSecond) : perSecond.toFixed(1);
}

/** `3 h 12 min`, `4 min 5 s`, `12 s`. */
export function duration(seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s >= 3600) return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
  if (s >= 60) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${s} s`;
}

/** At most `length` code points of `text`, with an ellipsis where something was cut. */
export function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  // A code point is one or two code units, so this much holds enough of them.
  const points = Array.from(text.slice(0, 2 * length + 2));
  if (points.length <= length) return text;
  return `${points.slice(0, length).join('').trimEnd()}…`;
}

/** As many of `items` as fit into `width` columns, the first ones first. */
export function asManyAsFit(items: readonly string[], width: number, separator: string): string {
  let line = '';
  for (const item of items) {
    const longer = line === '' ? item : line + separator + item;
    if (longer.length > width) break;
    line = longer;
  }
  return line;
}

/** Texts are kept for showing up to this many code points. */
export const TEXT_LENGTH = 500;

/** As much of a host or licence as tells it from others: a hostile one may be a megabyte. */
export const NAME_LENGTH = 255;

/** URLs are kept and linked up to this many code points; longer ones are cut and shown as text. */
export const URL_LENGTH = 2_000;

/** `1 image`, `2 images`. */
export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** The host of `url`, with its port if it names one; `(none)` where there is none. */
export function hostOf(url: string): string {
  return (URL.canParse(url) && cut(new URL(url).host, NAME_LENGTH)) || '(none)';
}
