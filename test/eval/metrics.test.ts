import { describe, expect, it } from 'vitest';
import { chanceRecallAt, meanPerClass, recallAt, topK } from '../../src/eval/metrics.js';

describe('metrics', () => {
  const answers = [[0, 1, 2], [1, 0, 2], [2, 1, 0], [0, 2, 1], []];
  const labels = [0, 0, 2, 1, 1];

  it('topK counts the label among the first k; no answer is wrong', () => {
    expect(topK(answers, labels, 1)).toBeCloseTo(2 / 5);
    expect(topK(answers, labels, 2)).toBeCloseTo(3 / 5);
    expect(topK(answers, labels, 3)).toBeCloseTo(4 / 5);
  });

  it('meanPerClass weighs classes alike', () => {
    expect(meanPerClass(answers, labels)).toBeCloseTo((1 / 2 + 0 + 1) / 3);
  });

  it('recallAt counts ranks from 0', () => {
    expect(recallAt([0, 4, 5, 9], 5)).toBe(0.5);
  });

  it('chanceRecallAt agrees with shuffling', () => {
    expect(chanceRecallAt([1], 20, 5)).toBeCloseTo(5 / 20);
    // Two right answers of four, two drawn: 1 - (2/4)(1/3).
    expect(chanceRecallAt([2], 4, 2)).toBeCloseTo(1 - 1 / 6);
    expect(chanceRecallAt([1, 3], 3, 10)).toBe(1);
  });
});
