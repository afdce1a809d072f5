import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nameKey } from '../../contracts/name-key.ts';

describe('nameKey', () => {
  it.each([
    ['egg', 'Eggs'],
    ['tomato', 'tomatoes'],
    ['cherry tomato', ' Cherry   TOMATOES '],
    ['berry', 'berries'],
    ['peach', 'peaches'],
    ['box', 'boxes'],
    ['glass', 'glasses'],
    ['loaf', 'loaves'],
    ['cookie', 'cookies'],
    ['cheese', 'cheeses'],
    ['pea', 'peas'],
    ['avocado', 'avocados'],
    ['kiwi', 'kiwis'],
    ['zucchini', 'zucchinis'],
    ["baker's yeast", 'Baker’s yeast'],
    ['jalapeño', 'jalapen\u0303os'],
    ['milk 3.5%', '“milk 3.5%”'],
  ])('%s is the key of both', (singular, other) => {
    expect(nameKey(other)).toBe(singular);
    expect(nameKey(singular)).toBe(singular);
  });

  it.each(['hummus', 'swiss', 'asparagus', 'couscous', 'gas', 'tennis', 'milk', 'is'])('%s stays', (name) => {
    expect(nameKey(name)).toBe(name);
  });

  it('keeps different things apart', () => {
    expect(new Set(['milk', 'oat milk', 'egg', 'eggplant', 'pea', 'pear'].map(nameKey)).size).toBe(6);
  });

  it('is idempotent and blind to case and white space', () => {
    const words = fc.array(
      fc.string({ unit: fc.constantFrom('a', 'e', 'i', 'o', 'u', 's', 'h', 'x', 'c', 'y', 't') }),
      { maxLength: 4 },
    );
    fc.assert(
      fc.property(words, (parts) => {
        const key = nameKey(parts.join(' '));
        expect(nameKey(key)).toBe(key);
        expect(nameKey(`  ${parts.join(' \t').toUpperCase()} `)).toBe(key);
      }),
    );
    fc.assert(fc.property(fc.string({ unit: 'grapheme' }), (name) => nameKey(nameKey(name)) === nameKey(name)));
  });
});
