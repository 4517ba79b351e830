import { describe, expect, it } from 'vitest';
import { PageScanner } from '../../../src/queries/dump/pages.js';
import { dumpXml, HEAD, pageXml, randomBy, type SamplePage } from './sample.js';

interface Seen {
  pages: { title: string; namespace: number; redirect: string | undefined; text: string }[];
  lost: string[];
}

function scanner(): { scanner: PageScanner; seen: Seen } {
  const seen: Seen = { pages: [], lost: [] };
  return {
    seen,
    scanner: new PageScanner({
      page: ({ title, namespace, redirect, buffer, start, end }) => {
        seen.pages.push({ title, namespace, redirect, text: buffer.toString('utf8', start, end) });
      },
      lost: (reason) => seen.lost.push(reason),
    }),
  };
}

const PAGES: SamplePage[] = [
  { title: 'Dog & cat', text: 'The <b>dog</b> & "cat"' },
  { title: 'Talk:Dog', namespace: 1, text: 'talk' },
  { title: 'Hound', redirect: 'Dog & cat', text: '#REDIRECT [[Dog & cat]]' },
  { title: 'Empty' },
  { title: 'Long', text: 'word '.repeat(2_000) },
];

function chunksOf(bytes: Buffer, random: () => number): Buffer[] {
  const chunks: Buffer[] = [];
  for (let at = 0; at < bytes.length; ) {
    const next = at + 1 + Math.floor(random() ** 4 * 4_000);
    chunks.push(bytes.subarray(at, next));
    at = next;
  }
  return chunks;
}

describe('pages', () => {
  it('are the same however the bytes come', () => {
    const bytes = Buffer.from(dumpXml(PAGES));
    const whole = scanner();
    whole.scanner.push(bytes);
    expect(whole.seen.pages.map(({ title }) => title)).toEqual(PAGES.map(({ title }) => title));
    expect(whole.seen.pages[0]?.text).toBe('The &lt;b&gt;dog&lt;/b&gt; &amp; &quot;cat&quot;');
    expect(whole.seen.pages[1]?.namespace).toBe(1);
    expect(whole.seen.pages[2]?.redirect).toBe('Dog & cat');
    for (let seed = 0; seed < 20; seed++) {
      const parts = scanner();
      for (const chunk of chunksOf(bytes, randomBy(seed))) parts.scanner.push(chunk);
      expect(parts.seen).toEqual(whole.seen);
    }
  });

  it('that cross an edge are found in what the parts hand back', () => {
    const bytes = Buffer.from(dumpXml(PAGES));
    const whole = scanner();
    whole.scanner.push(bytes);
    for (let cut = 0; cut <= bytes.length; cut += 37) {
      const all: Seen = { pages: [], lost: [] };
      const edges = scanner();
      for (const part of [bytes.subarray(0, cut), bytes.subarray(cut)]) {
        const own = scanner();
        own.scanner.push(part);
        const { head, gap, tail } = own.scanner.finish();
        expect(gap).toBe(false);
        edges.scanner.push(head);
        edges.scanner.push(tail);
        all.pages.push(...own.seen.pages);
      }
      all.pages.push(...edges.seen.pages);
      const byTitle = (a: { title: string }, b: { title: string }) => (a.title < b.title ? -1 : 1);
      expect(all.pages.sort(byTitle)).toEqual([...whole.seen.pages].sort(byTitle));
    }
  });

  it('take the last revision', () => {
    const { scanner: pages, seen } = scanner();
    const revision = (text: string) =>
      `<revision><text xml:space="preserve">${text}</text></revision>`;
    pages.push(
      Buffer.from(
        `<page><title>A</title><ns>0</ns>${revision('old')}${revision('new')}<x/></page>` +
          '<page><title>B</title><ns>0</ns><revision><text bytes="0" /></revision></page>',
      ),
    );
    expect(seen.pages.map(({ text }) => text)).toEqual(['new', '']);
  });

  it('that are broken are lost with a reason, and no other', () => {
    const { scanner: pages, seen } = scanner();
    const bad = Buffer.from(pageXml({ title: 'Bad', text: 'caf?' }));
    bad[bad.indexOf('caf?') + 3] = 0xff;
    const open = pageXml({ title: 'Open', text: 'never closed' }).replace('</page>', '');
    const nameless = pageXml({ title: 'x' }).replace(/<title>.*<\/title>/, '');
    pages.push(Buffer.from(`${HEAD}${pageXml({ title: 'First' })}`));
    pages.push(bad);
    pages.push(Buffer.from(open + pageXml({ title: 'Second' }) + nameless));
    pages.push(Buffer.from(pageXml({ title: 'Third' })));
    expect(seen.pages.map(({ title }) => title)).toEqual(['First', 'Second', 'Third']);
    expect(seen.lost).toEqual(['bad_utf8', 'unclosed_page', 'bad_page']);
  });

  it('around a gap are lost, and the next one is read', () => {
    const { scanner: pages, seen } = scanner();
    const cut = pageXml({ title: 'Cut', text: 'half' });
    pages.push(Buffer.from(pageXml({ title: 'First' }) + cut.slice(0, 60)));
    pages.gap();
    pages.push(Buffer.from(cut.slice(90) + pageXml({ title: 'Last' })));
    expect(seen.pages.map(({ title }) => title)).toEqual(['First', 'Last']);
    expect(seen.lost).toEqual(['damaged_page']);
  });

  it('say that bytes are missing between their edges', () => {
    const { scanner: pages } = scanner();
    pages.push(Buffer.from('tail of a page</page>'));
    pages.gap();
    pages.push(Buffer.from('rest'));
    expect(pages.finish().gap).toBe(true);
  });

  it('without end do not fill the memory', () => {
    const { scanner: pages, seen } = scanner();
    pages.push(Buffer.from('<page><title>Endless</title><ns>0</ns><revision><text>'));
    const chunk = Buffer.alloc(1 << 20, 'x');
    for (let i = 0; i < 80; i++) pages.push(chunk);
    pages.push(Buffer.from(pageXml({ title: 'Next' })));
    expect(seen.lost).toEqual(['overlong_page']);
    expect(seen.pages.map(({ title }) => title)).toEqual(['Next']);
  });
});
