import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  add,
  addable,
  compare,
  decimal,
  format,
  normalise,
  type Quantity,
  thousandths,
} from '../../contracts/quantity.ts';
import { parseQuantity } from '../../contracts/quantity-words.ts';
import { unitLabel, unitOf, units } from '../../contracts/units.ts';

const amount = fc.bigInt({ min: 1n, max: 999_999_999n }).map(decimal);
const unit = fc.constantFrom(...units);
const quantity: fc.Arbitrary<Quantity> = fc.record({ amount, unit });
const ofOneKind = fc.constantFrom(
  ['g', 'kg'] as const,
  ['ml', 'cl', 'dl', 'l'] as const,
  ['oz', 'lb'] as const,
  ['can'] as const,
);
const three = ofOneKind.chain((kind) => {
  const one = fc.record({ amount, unit: fc.constantFrom(...kind) });
  return fc.tuple(one, one, one);
});

function sum(a: Quantity | null, b: Quantity | null): Quantity {
  const result = a === null || b === null ? null : add(a, b);
  if (result === null) throw new Error('Not of one kind.');
  return result;
}

describe('arithmetic', () => {
  it('adds exactly, in the unit that reads best', () => {
    expect(add({ amount: '500', unit: 'g' }, { amount: '2', unit: 'kg' })).toEqual({ amount: '2.5', unit: 'kg' });
    expect(add({ amount: '0.1', unit: 'l' }, { amount: '0.2', unit: 'l' })).toEqual({ amount: '300', unit: 'ml' });
    expect(add({ amount: '2.5', unit: 'g' }, { amount: '1', unit: 'kg' })).toEqual({ amount: '1002.5', unit: 'g' });
    expect(add({ amount: '1', unit: 'l' }, { amount: '1', unit: 'carton' })).toBeNull();
    expect(compare({ amount: '1', unit: 'l' }, { amount: '1', unit: 'carton' })).toBeNull();
  });

  it('is commutative and associative', () => {
    fc.assert(
      fc.property(three, ([a, b, c]) => {
        expect(add(a, b)).toEqual(add(b, a));
        expect(sum(sum(a, b), c)).toEqual(sum(a, sum(b, c)));
      }),
    );
  });

  it('a sum is more than its parts, and equal amounts have one normal form', () => {
    fc.assert(
      fc.property(quantity, quantity, (a, b) => {
        const total = add(a, b);
        expect(total === null).toBe(!addable(a, b));
        const orders = total === null ? null : [compare(total, a), compare(a, total)];
        expect(orders).toEqual(total === null ? null : [1, -1]);
        expect(compare(normalise(a), a)).toBe(0);
        expect(compare(a, b) === 0).toBe(JSON.stringify(normalise(a)) === JSON.stringify(normalise(b)));
      }),
    );
  });

  it('decimals survive both ways', () => {
    fc.assert(fc.property(fc.bigInt({ min: 0n, max: 10n ** 15n }), (value) => thousandths(decimal(value)) === value));
    expect(['1e3', '-1', '1.2345', '', '1.', '.5', ' 1'].map(thousandths)).toEqual(Array(7).fill(null));
    expect(() => normalise({ amount: 'NaN', unit: 'g' })).toThrow(RangeError);
  });

  it.each([
    ['2500', 'g', '2.5 kg'],
    ['10', 'piece', '10 ×'],
    ['1', 'loaf', '1 loaf'],
    ['2', 'loaf', '2 loaves'],
    ['3', 'box', '3 boxes'],
    ['75', 'cl', '750 ml'],
    ['0.5', 'g', '0.5 g'],
    ['20', 'oz', '1.25 lb'],
  ] as const)('%s %s reads %s', (value, each, text) => {
    expect(format({ amount: value, unit: each })).toBe(text);
  });
});

describe('parseQuantity', () => {
  it.each([
    ['2.5 kg', '2.5', 'kg'],
    ['1,5 l', '1.5', 'l'],
    ['500g', '500', 'g'],
    ['half a kilo', '0.5', 'kg'],
    ['a quarter of a litre', '0.25', 'l'],
    ['1/2 kg', '0.5', 'kg'],
    ['1 1/2 l', '1.5', 'l'],
    ['1½ l', '1.5', 'l'],
    ['one and a half litres', '1.5', 'l'],
    ['a dozen', '12', 'piece'],
    ['half a dozen', '6', 'piece'],
    ['two dozen cans', '24', 'can'],
    ['6 x 1.5 l', '9', 'l'],
    ['Two Cartons', '2', 'carton'],
    ['12', '12', null],
  ])('%s', (text, value, each) => {
    expect(parseQuantity(text)).toEqual({ amount: value, unit: each });
  });

  it.each([
    '',
    '0',
    '0 kg',
    '1,000 g',
    '1/3 kg',
    '1/0',
    '2-3',
    '-2 l',
    '9999999 g',
    'milk',
    '2 l milk',
    '1e3',
    'x 2',
    '½½',
  ])('"%s" has no single exact meaning', (text) => {
    expect(parseQuantity(text)).toBeNull();
  });

  it('reads what format writes', () => {
    fc.assert(
      fc.property(quantity, (each) => {
        const normal = normalise(each);
        fc.pre(Number(normal.amount) < 1_000_000);
        const text = normal.unit === 'piece' ? `${normal.amount} pieces` : format(each);
        expect(parseQuantity(text)).toEqual(normal);
      }),
    );
  });

  it('never throws, and never says nothing', () => {
    const pieces = '0|1|2|7|.|,|/|½|¼|x| |half |a |dozen |kg |and '.split('|');
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...pieces)), (parts) => {
        const parsed = parseQuantity(parts.join(''));
        expect(thousandths(parsed?.amount ?? '1')).toBeGreaterThan(0n);
      }),
    );
  });
});

describe('units', () => {
  it('each is known by its name and its label', () => {
    for (const each of units) expect(unitOf(each.toUpperCase())).toEqual({ unit: each, times: 1n });
    for (const each of units.filter((one) => one !== 'piece')) expect(unitOf(unitLabel(each, true))?.unit).toBe(each);
    expect(unitOf('toString')).toBeNull();
  });
});
