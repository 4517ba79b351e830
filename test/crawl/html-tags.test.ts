import { Parser } from 'htmlparser2';
import { describe, expect, it } from 'vitest';
import { readTags } from '../../src/crawl/html-tags.js';

type Event = [type: string, name: string, attributes?: object];

function ours(html: string): Event[] {
  const events: Event[] = [];
  readTags(html, {
    wantsText: true,
    open: (name) => {
      events.push(['open', name]);
      return name.length % 2 === 1;
    },
    attributes: (name, attributes) => void events.push(['attributes', name, attributes]),
    close: (name) => void events.push(['close', name]),
    text: (text) => void events.push(['text', text]),
  });
  return events;
}

/** What the parser of htmlparser2 makes of the same page. */
function theirs(html: string): Event[] {
  const events: Event[] = [];
  const parser = new Parser({
    onopentagname: (name) => void events.push(['open', name]),
    onopentag: (name, attributes, isImplied) => {
      if (name.length % 2 === 1 && !(name === 'br' && isImplied)) {
        events.push(['attributes', name, attributes]);
      }
    },
    onclosetag: (name) => void events.push(['close', name]),
    ontext: (text) => void events.push(['text', text]),
  });
  parser.end(html);
  return events;
}

describe('readTags', () => {
  it("tells the tags that htmlparser2's parser tells, on pages pieced together at random", () => {
    const names =
      'figure figcaption picture p div a b li ul table tr td th dl dt dd h1 select option svg title body head script style textarea math mi rt button tbody thead optgroup br img';
    const pieces = names
      .split(' ')
      .flatMap((name) => [
        `<${name}>`,
        `</${name}>`,
        `<${name}/>`,
        `<${name.toUpperCase()} x=1 y>`,
      ]);
    pieces.push('text', '&amp;', '&#x1F415;', '&notit;', '<!-- x -->', '<![CDATA[x]]>', '<?x?>');
    pieces.push(`<img src=a alt="b &lt; c" alt=d>`, "<a href='x' HREF=y>", '<', '</', '"', '<a b');
    let state = 3;
    const random = (below: number) => {
      state = (state * 48_271) % 2_147_483_647;
      return state % below;
    };
    for (let round = 0; round < 10_000; round++) {
      const count = 1 + random(12);
      const html = Array.from({ length: count }, () => pieces[random(pieces.length)]).join('');
      // Elements still open at the end are told in another order: the page is closed first.
      const whole = `${html}</body>`;
      expect(ours(`<body>${whole}`), whole).toEqual(theirs(`<body>${whole}`));
    }
  });

  it('nests whatever it is given, however deep, in time that grows with its length', () => {
    const open: string[] = [];
    let deepest = 0;
    let astray = 0;
    readTags(`${'<b>'.repeat(1_000_000)}${'</i>'.repeat(100_000)}</b><img>`, {
      wantsText: false,
      open: (name) => {
        open.push(name);
        deepest = Math.max(deepest, open.length);
        return false;
      },
      attributes: () => expect.unreachable(),
      close: (name) => {
        if (open.pop() !== name) astray++;
      },
      text: () => expect.unreachable(),
    });
    expect(open).toEqual([]);
    expect(astray).toBe(0);
    expect(deepest).toBe(1_000_000);
  });
});
