import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { boundedText, MAX_TEXT_LENGTH } from '../../src/crawl/text.js';

/** Memory that is in use: garbage that V8 has not looked for yet does not count. */
function bytesInUse(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

describe('boundedText', () => {
  it.each([
    ['', ''],
    [' \n\t\r\f ', ''],
    [' a  dog\n\tran ', 'a dog ran'],
    ['a\u00a0\u3000b', 'a\u00a0\u3000b'],
    ['a\0b', 'ab'],
    ['x\ud83dy', 'xy'],
    ['x\ude00y', 'xy'],
    ['\ude00\ud83d', ''],
    ['😀', '😀'],
    ['x'.repeat(20_000), 'x'.repeat(MAX_TEXT_LENGTH)],
    [`${'x'.repeat(MAX_TEXT_LENGTH - 1)}😀`, 'x'.repeat(MAX_TEXT_LENGTH - 1)],
  ])('%j → %j', (text, expected) => {
    expect(boundedText(text)).toBe(expected);
  });

  it('does not keep alive the text it was cut from', () => {
    const before = bytesInUse();
    const kept: string[] = [];
    for (let i = 0; i < 100; i++) {
      // Decoded, as pages are, so that it lies in memory in one piece; a caption without spaces.
      const page = Buffer.from(`${'x'.repeat(1_000_000)}${i}写真に写っている犬と猫と鳥`).toString();
      kept.push(boundedText(page.slice(1_000_000)));
    }
    const after = bytesInUse();
    expect(kept).toHaveLength(100);
    expect(after - before).toBeLessThan(60e6);
  });
});
