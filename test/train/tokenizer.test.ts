import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { seededRandom } from '../../src/train/random.js';
import { END_TOKEN, START_TOKEN, Tokenizer, VOCABULARY_SIZE } from '../../src/train/tokenizer.js';
import { testPython } from './python.js';

const tokenizer = new Tokenizer();

/** Ids by open_clip itself, one row of `context` a text. */
function openClip(texts: string[], context = 77): number[][] {
  const script = fileURLToPath(new URL('open_clip_tokens.py', import.meta.url));
  const run = spawnSync(testPython(), [script], {
    input: JSON.stringify({ texts, context }),
    encoding: 'utf8',
    env: { ...process.env, OMP_NUM_THREADS: '1' },
    maxBuffer: 1 << 28,
  });
  expect(run.stderr).toBe('');
  return JSON.parse(run.stdout) as number[][];
}

function expectSameIds(texts: string[], golden: number[][], context = 77): void {
  texts.forEach((text, i) => {
    const ids = [...tokenizer.tokenize([text], context)];
    expect({ text, ids }).toEqual({ text, ids: golden[i] });
  });
}

/** What UTF-8 looks like when read as Windows-1252 (unassigned bytes stay C1 controls). */
const misread = (text: string): string => {
  const bytes = Buffer.from(text, 'utf8');
  const high = '€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ';
  return [...bytes]
    .map((byte) =>
      byte >= 0x80 && byte <= 0x9f ? (high[byte - 0x80] as string) : String.fromCharCode(byte),
    )
    .join('');
};

const TEXTS = {
  plain: [
    '',
    ' ',
    'a photo of a cat.',
    'A PHOTO OF A CAT!',
    "it's we're I'll they've I'm you'd don't 'sup 'Twas rock'n'roll",
    "IT'S DON'T 'S",
    'hello,world;foo--bar__baz... (what?!) #tag @name 50% $3.99 a/b\\c',
    'supercalifragilisticexpialidocious antidisestablishmentarianism',
    '1234567890 3rd 4x4 1,000.5 ½ ² Ⅷ ٣ 5G',
    '<b>bold</b> a<b x>y <start_of_text> and <end_of_text> in text',
  ],
  scripts: [
    'Grüße aus München, ça va? ñandú Ærøskøbing Łódź İstanbul ΣΊΣΥΦΟΣ ΟΔΟΣ',
    'Привет, мир! Ёлка',
    '猫の写真 東京タワー ｶﾞｷﾞ',
    '中文字幕，测试。',
    '한국어 캡션',
    'مرحبا بالعالم שלום עולם',
    'हिन्दी में चित्र ภาษาไทย',
    'e\u0301 cafe\u0301 A\u030a \u1e9b\u0323 \u212b \u212a \u017f',
  ],
  emoji: ['😀', '👩‍👩‍👧‍👦 family 🏳️‍🌈 🇬🇧', '❤️ vs ❤ ☺︎ ✈️', 'smile😀smile 👍🏽👍', '1️⃣ #️⃣ 🏴󠁧󠁢󠁥󠁮󠁧󠁿'],
  entities: [
    'Tom &amp; Jerry &lt;3 &quot;hi&quot;',
    '&amp;amp; &amp;amp;amp; &amp;lt;',
    '&eacute; &EACUTE; &Eacute; P&EACUTE;REZ BUNDESSTRA&SZLIG;E',
    '&#39;s &#x27;s &#8217;s &rsquo;s &#8220;q&#8221; &#0; &#128; &#x80; &#xD800; &#1114112;',
    '&copy &copyright &notit; &notin; &amp &unknown; &; &# &#; &#x; AT&T R&D &hellip',
    '&rsquo; <br> &rsquo;',
    'first &ldquo;line&rdquo;\n<p> second &rsquo;\nthird &rsquo;',
    '&nbsp;&nbsp;wide&nbsp;gap&ensp;&thinsp;&#1;&#11;&#xFFFF;end',
    '&NotEqualTilde; &fjlig; &Jscr;ohn &checkmark; &LT; &AMP; &COPY; &NTILDE; &nTILDE;',
  ],
  spacing: [
    '  a   b\t\tc\n\nd\r\ne\u00a0f\u2003g\u3000h\u200bi\u200dj\ufeffk\u2028l\u2029m\x0bn\x0co  ',
    'a\x1cb\x1db\x1ec\x1fd\x85e',
    'zero\0width\x07bell\x1b[31mred\x1b[0m\x7f',
    '\u202aleft\u202c \u2066iso\u2069 \ufff9x\ufffay\ufffb \ufffc',
  ],
  ftfy: [
    '“curly” ‘single’ it’s „low“ ‟x‛ ʼn «guillemets»',
    'ﬁne ﬂour eﬀect oﬃce waﬄe ﬆop ﬅ Ĳssel ǆ Ǆ ŉ',
    'ＦＵＬＬ ｗｉｄｔｈ　１２３ ﾊﾝｶｸ ￥￦ ﾡ',
    '\ud83d\ude00 lone \ud83d end',
    'don\u0092t \u0093quoted\u0094 caf\u00e9 \u0085',
  ],
  mojibake: [
    misread('don’t “quote” — dash… café naïve Müller'),
    misread(misread('don’t — café')),
    misread('😀 smile 👍🏽'),
    misread('Привет, мир'),
    misread('звёзды в глазах, вау'),
    misread('į kairę nukreiptas kumštis'),
    misread('猫の写真'),
    misread('© 2020 Someone® 20° £5 €10'),
    `${misread('it’s')} 猫`,
    `東京 ${misread('“café”')} tower`,
    'Ã©tÃ© Ã  la carte'.replace('Ã  ', 'Ã\u00a0 '),
    'Ã© Â£5',
  ],
  sound: [
    'CAFÉ® É™ ÀÉÎÕÜ',
    '5 £ 3 € © 2021 ™ ® ° ± 20°C',
    'Ça coûte 5 €, c’est à voir…',
    '¿Qué? ¡Olé! «Señor»',
    'smörgåsbord Ångström façade Šiška ž',
    '½ × 3 ÷ 2 ¼ ¾ ¶ § • † ‡',
  ],
  long: [
    'word '.repeat(200),
    'a'.repeat(500),
    '猫'.repeat(300),
    `${'very long caption about a cat sitting on the mat, '.repeat(10)}end`,
    Array.from({ length: 75 }, (_, i) => 'abcdefghij'[i % 10]).join(' '),
    Array.from({ length: 76 }, (_, i) => 'abcdefghij'[i % 10]).join(' '),
  ],
};

/** Texts put together at random from pieces of the above, mojibake apart. */
function randomTexts(): string[] {
  const pieces = Object.entries(TEXTS)
    .filter(([name]) => name !== 'mojibake' && name !== 'sound' && name !== 'long')
    .flatMap(([, texts]) => texts)
    .flatMap((text) => text.split(/(?<= )/))
    .filter((piece) => !piece.includes('\ufffd'));
  const random = seededRandom('tokenizer test');
  return Array.from({ length: 400 }, () =>
    Array.from(
      { length: 1 + random.below(12) },
      () => pieces[random.below(pieces.length)] as string,
    ).join(random.below(3) === 0 ? '' : ' '),
  );
}

describe('ids equal open_clip’s', () => {
  const groups: Record<string, string[]> = { ...TEXTS, random: randomTexts() };
  const golden: Record<string, number[][]> = {};
  beforeAll(() => {
    const rows = openClip(Object.values(groups).flat());
    for (const [name, texts] of Object.entries(groups)) golden[name] = rows.splice(0, texts.length);
  });

  for (const [name, texts] of Object.entries(groups)) {
    it(name, () => expectSameIds(texts, golden[name] as number[][]));
  }

  it('at a short context, where the end token takes the last slot', () => {
    const texts = ['a b c d', 'a b c d e', 'a b c d e f g', 'one'];
    expectSameIds(texts, openClip(texts, 7), 7);
    expect(tokenizer.tokenize(['a b c d e f g'], 7).at(-1)).toBe(END_TOKEN);
  });
});

describe('properties', () => {
  it('puts start, text, end and zeros in a row', () => {
    const row = new Int32Array(77).fill(-1);
    tokenizer.writeRow('a cat', row);
    expect([...row.slice(0, 4)]).toEqual([START_TOKEN, 320, 2368, END_TOKEN]);
    expect(row.subarray(4).every((id) => id === 0)).toBe(true);
  });

  it('gives the same ids with and without a cache, whatever came before', () => {
    const small = new Tokenizer({ cacheWords: 2 });
    const words = Object.values(TEXTS).flat();
    for (const text of [...words, ...words])
      expect(small.encode(text)).toEqual(tokenizer.encode(text));
  });

  it('stays inside the vocabulary and keeps one start and one end', () => {
    const random = seededRandom('code points');
    for (let i = 0; i < 300; i++) {
      const text = String.fromCodePoint(
        ...Array.from({ length: 1 + random.below(40) }, () => random.below(0x30000)),
      );
      const row = tokenizer.tokenize([text], 32);
      expect(row[0]).toBe(START_TOKEN);
      expect(row.filter((id) => id === END_TOKEN)).toHaveLength(1);
      expect(row.every((id) => id >= 0 && id < VOCABULARY_SIZE)).toBe(true);
    }
  });

  it('does not mind case or outer space', () => {
    expect(tokenizer.encode('  A Red   FOX\n')).toEqual(tokenizer.encode('a red fox'));
  });
});
