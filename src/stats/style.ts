/** The style sheet of the report: one column of text, two of charts where there is room; light or dark. */

export const STYLE = `
:root {
  color-scheme: light dark;
  --paper: #fbfaf7; --raised: #ffffff; --ink: #1c2226; --soft: #5b666d; --hair: #e4e1d9;
  --keep: #0e6f6c; --keep-pale: #b9dcd6; --lose: #b5502a; --lose-pale: #f0cdb9;
  --mute: #8b9499; --mute-pale: #dcdfdf; --track: #f0eee8; --mat: #f3f1ec;
  --serif: "Iowan Old Style", "Palatino Linotype", Palatino, "Source Serif 4", Charter, Georgia,
    "Liberation Serif", serif;
  --sans: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial,
    sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #131619; --raised: #1a1e22; --ink: #e9e6df; --soft: #9ea7ac; --hair: #2b3136;
    --keep: #53b9ae; --keep-pale: #235a55; --lose: #e38d60; --lose-pale: #6b3b22;
    --mute: #7f898f; --mute-pale: #3b4248; --track: #20252a; --mat: #e6e3dc;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--paper); color: var(--ink);
  font: 16px/1.55 var(--sans); overflow-wrap: anywhere;
}
header, main, footer { max-width: 1080px; margin: 0 auto; padding: 0 clamp(16px, 4vw, 40px); }
h1, h2 { font-family: var(--serif); font-weight: 600; text-wrap: balance; }
h1 { font-size: clamp(2.3rem, 7vw, 3.8rem); line-height: 1.08; letter-spacing: -0.015em; margin: 0; }
h2 { font-size: clamp(1.55rem, 4vw, 2rem); line-height: 1.15; letter-spacing: -0.01em; margin: 0; }
h3 { font-size: 1rem; font-weight: 650; line-height: 1.3; margin: 0; }
p { margin: 0; max-width: 68ch; text-wrap: pretty; }
a { color: inherit; text-decoration-color: var(--mute); text-underline-offset: 0.18em; }
a:hover { color: var(--keep); }
:focus-visible { outline: 2px solid var(--keep); outline-offset: 2px; }
bdi { unicode-bidi: isolate; }
.number, dd, .stage b { font-variant-numeric: tabular-nums lining-nums; }

header { padding-top: clamp(36px, 8vw, 84px); }
.kicker { color: var(--keep); font-size: 0.85rem; font-weight: 650; letter-spacing: 0.04em;
  margin-bottom: 10px; }
.lede { font: 1.2rem/1.5 var(--serif); color: var(--soft); margin-top: 16px; max-width: 56ch; }
.warning { border-left: 3px solid var(--lose); padding: 2px 0 2px 12px; margin-top: 20px; }
.figures { display: flex; flex-wrap: wrap; gap: 22px 26px; margin: 36px 0 0; padding: 24px 0;
  border-top: 1px solid var(--ink); border-bottom: 1px solid var(--hair); }
.figures div { flex: 1 0 6.2rem; max-width: 10rem; display: flex; flex-direction: column-reverse;
  justify-content: flex-end; }
.figures dt { max-width: 8rem; color: var(--soft); font-size: 0.88rem; line-height: 1.35; }
.figures dd { margin: 0 0 3px; font: 600 1.9rem/1.15 var(--serif); letter-spacing: -0.01em;
  white-space: nowrap; }
.figures .result dd { color: var(--keep); }
nav ul { display: flex; flex-wrap: wrap; gap: 2px 20px; list-style: none; margin: 0; padding: 14px 0; }
nav a { font-size: 0.92rem; text-decoration: none; color: var(--soft); display: block; padding: 5px 0; }
nav a:hover { color: var(--keep); }

section { padding-top: clamp(48px, 8vw, 80px); }
section > .about { color: var(--soft); margin: 8px 0 26px; }
.columns { display: grid; grid-template-columns: minmax(0, 1fr); gap: 40px 48px; }
@media (min-width: 760px) {
  .columns { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); }
  .columns.uneven { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); }
  .columns .wide { grid-column: 1 / -1; }
}
figure { margin: 0; min-width: 0; display: flex; flex-direction: column; }
/* Charts side by side stand on one line, however long their captions are. */
figure > .chart { margin-top: auto; }
figcaption { margin-bottom: 12px; }
h3::first-letter { text-transform: capitalize; }
.note, .none { color: var(--soft); font-size: 0.92rem; line-height: 1.45; }
.legend { display: flex; flex-wrap: wrap; gap: 2px 18px; list-style: none; margin: 6px 0 0; padding: 0;
  font-size: 0.88rem; color: var(--soft); }
.legend li::before { content: ""; display: inline-block; width: 10px; height: 10px; border-radius: 2px;
  margin-right: 7px; background: var(--mute); }
.legend .keep::before { background: var(--keep); }
.legend .lose::before { background: var(--lose); }

.chart { display: block; width: 100%; height: auto; overflow: visible; }
.chart text { font: 11.5px var(--sans); fill: var(--soft); font-variant-numeric: tabular-nums; }
.axis line { stroke: var(--mute); stroke-width: 1; vector-effect: non-scaling-stroke; }
.grid line { stroke: var(--hair); }
rect.keep { fill: var(--keep); }
rect.keep:hover { fill: var(--lose); }
rect.below { fill: var(--mute-pale); }
.outline { fill: none; stroke: var(--lose); stroke-width: 1.75; vector-effect: non-scaling-stroke; }
.line { fill: none; stroke: var(--mute); stroke-width: 2; stroke-linejoin: round;
  vector-effect: non-scaling-stroke; }
.line.keep { stroke: var(--keep); } .line.lose { stroke: var(--lose); }
.line.faint { stroke-width: 1; opacity: 0.4; }
.dot.keep { fill: var(--keep); } .dot.lose { fill: var(--lose); } .dot.mute { fill: var(--mute); }
.area { opacity: 0.18; } .cover { fill: var(--paper); } .area.keep { fill: var(--keep); } .area.lose { fill: var(--lose); }
.area.mute { fill: var(--mute); }
.rule line { stroke: var(--ink); stroke-dasharray: 3 4; vector-effect: non-scaling-stroke; }
.rule text { fill: var(--ink); }
@media (min-width: 760px) {
  .chart text { font-size: 9.5px; }
  .uneven .chart text { font-size: 8px; }
}

table { border-collapse: collapse; width: 100%; font-size: 0.92rem; line-height: 1.35; }
th { font-weight: 400; text-align: left; }
thead th { color: var(--soft); font-size: 0.82rem; padding-bottom: 6px; vertical-align: bottom; }
tbody th, td { padding: 5px 0; border-top: 1px solid var(--hair); vertical-align: middle; }
th + th, th + td, td + td { padding-left: 14px; }
.number { text-align: right; white-space: nowrap; overflow-wrap: normal; }
.bars thead th:first-child { width: 100%; }
.named { display: grid; grid-template-columns: minmax(0, 1fr) minmax(56px, 45%); gap: 4px 14px;
  align-items: center; }
/* More numbers leave no room beside the name on a phone: the bar goes below it. */
.wide .named { grid-template-columns: minmax(0, 1fr); }
@media (min-width: 760px) {
  .wide .named { grid-template-columns: minmax(0, 13rem) minmax(0, 1fr); }
}
.bar { display: block; width: 100%; height: 10px; border-radius: 2px; }
.bar .track { fill: var(--track); }
.bar.keep .full { fill: var(--keep); } .bar.keep .pale { fill: var(--keep-pale); }
.bar.lose .full { fill: var(--lose); } .bar.lose .pale { fill: var(--lose-pale); }
.bar.mute .full { fill: var(--mute); } .bar.mute .pale { fill: var(--mute-pale); }

.flow { display: grid; grid-template-columns: minmax(0, 1fr); }
.flow .stage { display: flex; align-items: baseline; flex-wrap: wrap; gap: 0 10px; }
.flow .stage b { font: 600 1.35rem/1.3 var(--serif); }
.flow .stage span { color: var(--soft); font-size: 0.92rem; }
.flow .level { display: block; width: 100%; height: 30px; }
.flow .fall { display: block; width: 100%; height: 100%; min-height: 34px; }
.flow .level rect { fill: var(--keep); }
.flow .fall polygon { fill: var(--keep); opacity: 0.2; }
.flow .lost { font-size: 0.9rem; line-height: 1.4; color: var(--soft); padding: 4px 0 18px; }
.flow .lost b { font-weight: 600; color: var(--lose); }
.flow .fall { display: none; }
@media (min-width: 760px) {
  .flow { grid-template-columns: 8.5rem minmax(0, 1fr) minmax(0, 17rem); column-gap: 28px; }
  .flow .stage, .flow .share { align-self: center; }
  .flow .stage { display: block; text-align: right; line-height: 1.2; }
  .flow .stage b { display: block; line-height: 1.1; }
  .flow .level { height: 46px; }
  .flow .fall { display: block; grid-column: 2; min-height: 52px; }
  .flow .lost { padding: 8px 0; align-self: center; }
}
.flow .share { color: var(--soft); font-size: 0.92rem; padding-top: 4px; }

.losses { display: grid; grid-template-columns: minmax(0, 1fr); gap: 44px; }
details { border-top: 1px solid var(--hair); padding: 9px 0; }
details:last-of-type { border-bottom: 1px solid var(--hair); }
summary { cursor: pointer; display: grid; align-items: center; gap: 2px 14px; list-style: none;
  grid-template-columns: minmax(0, 1fr) auto; }
summary::-webkit-details-marker { display: none; }
summary .reason::before { content: "+"; display: inline-block; width: 1.1em; color: var(--mute); }
details[open] summary .reason::before { content: "\\2212"; }
summary code { color: var(--soft); margin-left: 8px; }
summary .bar { grid-column: 1 / -1; }
summary .number { grid-row: 1; grid-column: 2; }
@media (min-width: 760px) {
  summary { grid-template-columns: minmax(0, 3fr) minmax(0, 2fr) 9.5rem; }
  summary .bar { grid-column: 2; }
  summary .number { grid-column: 3; }
}
summary .number { font-size: 0.92rem; }
code { font: 0.84em ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace; }
.examples { list-style: none; margin: 10px 0 4px; padding: 0 0 0 18px; font-size: 0.9rem;
  display: grid; gap: 10px; }
.examples .url, .examples .detail { display: block; color: var(--soft); font-size: 0.92em; }
.total { color: var(--lose); }
.stagehead { display: flex; flex-wrap: wrap; align-items: baseline; gap: 0 12px; margin-bottom: 10px; }

.gallery { display: grid; gap: 26px 18px; list-style: none; margin: 0; padding: 0;
  grid-template-columns: repeat(auto-fill, minmax(148px, 1fr)); }
.gallery .mat { aspect-ratio: 1; border-radius: 6px; background: var(--mat); display: grid;
  place-items: center; overflow: hidden; color: #5b666d; font-size: 0.85rem; }
.gallery img { width: 100%; height: 100%; object-fit: contain; display: block; }
.gallery figcaption { margin: 9px 0 0; }
.gallery blockquote { margin: 0; font: 0.98rem/1.35 var(--serif); }
.gallery small { display: block; color: var(--soft); font-size: 0.8rem; line-height: 1.4; margin-top: 4px; }

.facts { display: grid; grid-template-columns: auto minmax(0, 1fr); gap: 6px 18px; margin: 0;
  align-content: start; font-size: 0.95rem; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; text-align: right; }
.scores { display: grid; gap: 40px 48px; grid-template-columns: minmax(0, 1fr); margin-bottom: 40px; }
@media (min-width: 760px) { .scores { grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); } }
.metrics { display: grid; gap: 32px 40px; margin-top: 40px;
  grid-template-columns: repeat(auto-fit, minmax(min(100%, 250px), 1fr)); }
.metrics .chart text { font-size: 14.5px; }
.scores .big { font: 600 2.6rem/1.1 var(--serif); color: var(--keep); margin: 8px 0 2px; }
.scroll { overflow-x: auto; }
pre { font: 0.8rem/1.5 ui-monospace, "SF Mono", Menlo, Consolas, "Liberation Mono", monospace;
  white-space: pre-wrap; margin: 14px 0 4px; }
footer { padding-top: 72px; padding-bottom: 56px; color: var(--soft); font-size: 0.9rem; }
footer details { margin-top: 18px; }
footer summary { display: block; }
.names { list-style: none; margin: 0; padding: 0; display: flex; flex-wrap: wrap; gap: 4px 20px;
  font-size: 0.95rem; }
.names span { color: var(--soft); font-variant-numeric: tabular-nums; margin-left: 5px; }
.inputs { list-style: none; margin: 0; padding: 0; font-size: 0.95rem; }
.inputs li { border-top: 1px solid var(--hair); padding: 7px 0; }
.inputs small { display: block; color: var(--soft); font-size: 0.92em; }
tr.mute { color: var(--soft); }

@media print {
  nav { display: none; }
  section, figure, tr { break-inside: avoid; }
  body { font-size: 11pt; }
}
`;
