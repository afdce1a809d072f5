import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createChoices, UnclearChoice } from '../../../cli/console/choice.ts';

const words = { one: 'question', none: 'No question is open.' };
const only = { by: 'only' } as const;
const first = '018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e40';
const second = '018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e41';

describe('what can be answered', () => {
  test('the only open one needs no number', () => {
    const choices = createChoices(words);
    expect(() => choices.pick(only, '/yes')).toThrow('No question is open.');
    choices.show(first);
    expect(choices.pick(only, '/yes')).toBe(first);
    choices.show(second);
    expect(() => choices.pick(only, '/no')).toThrow('write /no 1 or /no 2');
    choices.close(first);
    expect(choices.pick(only, '/yes')).toBe(second);
  });

  test('an id may be short as long as it means one', () => {
    const choices = createChoices(words);
    choices.show(first);
    expect(choices.pick({ by: 'id', id: '018f3a52' }, '/yes')).toBe(first);
    choices.show(second);
    expect(() => choices.pick({ by: 'id', id: '018f3a52' }, '/yes')).toThrow(UnclearChoice);
    expect(choices.pick({ by: 'id', id: second }, '/yes')).toBe(second);
    expect(() => choices.pick({ by: 'id', id: 'ffffffff' }, '/yes')).toThrow(UnclearChoice);
  });

  test('a number never comes to mean another thing', () => {
    const step = fc.record({ id: fc.integer({ min: 0, max: 9 }).map(String), close: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step), (steps) => {
        const choices = createChoices(words);
        const numbers = new Map<string, number>();
        for (const { id, close } of steps) {
          const expected = numbers.get(id) ?? (close ? 0 : numbers.size + 1);
          if (close) choices.close(id);
          else choices.show(id);
          expect(choices.numberOf(id)).toBe(expected);
          if (expected > 0) numbers.set(id, expected);
          for (const [known, number] of numbers) expect(choices.pick({ by: 'number', number }, '/yes')).toBe(known);
        }
        expect(() => choices.pick({ by: 'number', number: numbers.size + 1 }, '/yes')).toThrow(UnclearChoice);
      }),
    );
  });
});
