import { Writable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { duration } from '../src/terminal/words.js';
import { createReporter } from '../src/terminal.js';

function record(isTTY: boolean): { stream: NodeJS.WriteStream; text: () => string } {
  let written = '';
  const stream = new Writable({
    write(chunk, _encoding, done) {
      written += chunk;
      done();
    },
  });
  Object.assign(stream, { isTTY });
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => written };
}

describe('createReporter', () => {
  it('writes plain lines with rate and time left, not too many', () => {
    const { stream, text } = record(false);
    let now = 0;
    const { emit, close } = createReporter({ json: false, stream, now: () => now });
    emit({ type: 'begin', task: 'fetch', unit: 'images', total: 1_000 });
    emit({ type: 'progress', task: 'fetch', done: 200 });
    for (now = 1_000; now <= 10_000; now += 1_000) {
      emit({ type: 'progress', task: 'fetch', done: 200 + now / 50, note: 'x kept' });
    }
    emit({ type: 'end', task: 'fetch', done: 1_000 });
    close();
    // 20 a second since the run began; the 200 from an earlier run do not count.
    expect(text().split('\n')).toEqual([
      'fetch: started',
      'fetch: 300/1,000 images, 20/s, 35 s left, x kept',
      'fetch: 400/1,000 images, 20/s, 30 s left, x kept',
      'fetch: done, 1,000 images in 11 s',
      '',
    ]);
  });

  it('writes every event as JSON for machines', () => {
    const { stream, text } = record(true);
    const { emit } = createReporter({ json: true, stream });
    emit({ type: 'message', level: 'warning', text: 'line\nbreak' });
    expect(JSON.parse(text())).toEqual({ type: 'message', level: 'warning', text: 'line\nbreak' });
    expect(text().trim().split('\n')).toHaveLength(1);
  });
});

describe('duration', () => {
  it.each([
    [0.4, '0 s'],
    [59, '59 s'],
    [61, '1 min 1 s'],
    [7_260, '2 h 1 min'],
  ])('%d s is %s', (seconds, words) => {
    expect(duration(seconds)).toBe(words);
  });
});
