import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DurationError, formatDuration, LONGEST_DURATION_MS, parseDuration } from '../../contracts/duration.ts';

function read(text: string): number | 'refused' {
  try {
    return parseDuration(text);
  } catch (error) {
    if (error instanceof DurationError) return 'refused';
    throw error;
  }
}

describe('durations', () => {
  it.each([
    ['48h', 172_800_000],
    ['3d', 259_200_000],
    ['15m', 900_000],
    ['1h30m', 5_400_000],
    ['1w', 604_800_000],
    ['2s', 2000],
    ['90m', 5_400_000],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it.each(['', '0s', '5', 'h', '1.5h', '-1h', ' 1h', '1h ', '30m1h', '1h1h', '99999999s99', '522w', '1 h', '1H'])(
    'refuses %j',
    (text) => {
      expect(() => parseDuration(text)).toThrow(DurationError);
    },
  );

  it('reads back what it writes, for every whole second up to the limit', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: LONGEST_DURATION_MS / 1000 }), (seconds) => {
        expect(parseDuration(formatDuration(seconds * 1000))).toBe(seconds * 1000);
      }),
    );
  });

  it('either reads a positive whole number of seconds or says that it cannot', () => {
    const near = fc.stringMatching(/^([0-9]{1,9}[wdhms ]?){0,5}$/);
    fc.assert(
      fc.property(fc.oneof(near, fc.string()), (text) => {
        expect(read(text)).toSatisfy(
          (ms) => ms === 'refused' || (ms > 0 && ms % 1000 === 0 && ms <= LONGEST_DURATION_MS),
        );
      }),
    );
  });

  it('shows less than a second as none', () => {
    expect(formatDuration(999)).toBe('0s');
  });
});
