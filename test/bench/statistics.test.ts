import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { estimate, median, mostFrequent, pairedRatio } from '../../bench/statistics.ts';

const finite = fc.double({ min: 0.001, max: 1e6, noNaN: true });
const some = (minLength: number) => fc.array(finite, { minLength, maxLength: 60 });

describe('the median', () => {
  it('has as many values below it as above it', () => {
    fc.assert(
      fc.property(some(1), (values) => {
        const middle = median(values);
        const below = values.filter((value) => value < middle).length;
        const above = values.filter((value) => value > middle).length;
        expect(Math.max(below, above)).toBeLessThanOrEqual(values.length / 2);
        expect(middle).toBe(median(values.toReversed()));
      }),
    );
  });

  it('is that of school', () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3])]).toEqual([2, 2.5]);
    expect(() => median([])).toThrow(RangeError);
  });
});

/** P(the interval of n values holds the median) from Pascal's triangle, exactly enough for n ≤ 60. */
function coverage(n: number, outside: number): number {
  let row = [1];
  for (let size = 1; size <= n; size++)
    row = Array.from({ length: size + 1 }, (_, k) => (row[k - 1] ?? 0) + (row[k] ?? 0));
  return 1 - (2 * row.slice(0, outside + 1).reduce((sum, ways) => sum + ways, 0)) / 2 ** n;
}

describe('the interval', () => {
  it('holds the median, and covers 95 % with nothing to spare', () => {
    fc.assert(
      fc.property(fc.integer({ min: 6, max: 60 }), (n) => {
        const { median: middle, low, high } = estimate(Array.from({ length: n }, (_, index) => index));
        expect(low).toBeLessThanOrEqual(middle);
        expect(high).toBe(n - 1 - low);
        expect(coverage(n, low)).toBeGreaterThanOrEqual(0.95);
        expect(low + 1 < n / 2 && coverage(n, low + 1) >= 0.95).toBe(false);
      }),
    );
  });

  it.each([
    // Conover, Practical Nonparametric Statistics: the ranks for the median at 95 %, counted from 0.
    [6, 0, 5],
    [10, 1, 8],
    [20, 5, 14],
    [100, 39, 60],
  ])('of %i values goes from rank %i to %i', (n, low, high) => {
    expect(estimate(Array.from({ length: n }, (_, index) => index))).toMatchObject({ low, high, n });
  });

  it('is the whole range where no pair of values covers 95 %', () => {
    expect(estimate([5, 1, 3])).toEqual({ median: 3, low: 1, high: 5, n: 3 });
    expect(() => estimate([])).toThrow(RangeError);
  });

  it('stays finite for thousands of values', () => {
    const { low, high } = estimate(Array.from({ length: 5000 }, (_, index) => index));
    expect(high - low).toBeGreaterThan(130);
    expect(high - low).toBeLessThan(150);
  });
});

describe('the ratio of pairs', () => {
  it('is 1 for pairs of the same, whatever they are', () => {
    fc.assert(
      fc.property(some(1), (values) => {
        expect(pairedRatio(values.map((value) => [value, value]))).toEqual({
          median: 1,
          low: 1,
          high: 1,
          n: values.length,
        });
      }),
    );
  });

  it('finds a factor under noise that both sides of a pair share', () => {
    fc.assert(
      fc.property(some(1), fc.double({ min: 0.1, max: 10, noNaN: true }), (noise, factor) => {
        expect(pairedRatio(noise.map((value) => [value * factor, value])).median).toBeCloseTo(factor, 9);
      }),
    );
  });

  it('turns over with its sides, for an odd number of pairs', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(finite, finite), { minLength: 1, maxLength: 41 }), (pairs) => {
        const odd = pairs.length % 2 === 1 ? pairs : pairs.slice(1);
        fc.pre(odd.length > 0);
        const there = pairedRatio(odd);
        const back = pairedRatio(odd.map(([a, b]) => [b, a]));
        expect(there.median * back.median).toBeCloseTo(1, 9);
        expect(there.low * back.high).toBeCloseTo(1, 9);
      }),
    );
  });
});

describe('the most frequent value', () => {
  it('occurs as often as any other', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 1 }), (values) => {
        const often = (wanted: number) => values.filter((value) => value === wanted).length;
        const found = mostFrequent(values);
        expect(values.every((value) => often(value) <= often(found))).toBe(true);
      }),
    );
    expect(() => mostFrequent([])).toThrow(RangeError);
  });
});
