import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addMoney,
  compareMoney,
  currencyExponent,
  formatMoney,
  MoneyError,
  moneyToDecimal,
  parseMoney,
  subtractMoney,
} from '../../contracts/money.ts';

const currency = fc.constantFrom('EUR', 'USD', 'JPY', 'KWD', 'HUF');
const minor = fc.integer({ min: -(2 ** 40), max: 2 ** 40 });

describe('money', () => {
  it('knows the exponent of ISO 4217', () => {
    expect(['EUR', 'JPY', 'KWD'].map(currencyExponent)).toEqual([2, 0, 3]);
  });

  it.each([
    ['120.00', 'EUR', 12_000],
    ['12', 'EUR', 1200],
    ['12.4', 'EUR', 1240],
    ['-0.05', 'EUR', -5],
    ['-0', 'EUR', 0],
    ['1.234', 'KWD', 1234],
    ['500', 'JPY', 500],
    ['90071992547409.91', 'EUR', Number.MAX_SAFE_INTEGER],
  ])('reads %s %s', (decimal, code, expected) => {
    expect(parseMoney(decimal, code)).toEqual({ minor: expected, currency: code });
  });

  it.each(['', '1,20', '1.', '.5', '1e3', ' 1', '1.234', '90071992547409.92', '+1', 'NaN', '0x10'])(
    'refuses %j',
    (decimal) => {
      expect(() => parseMoney(decimal, 'EUR')).toThrow(MoneyError);
    },
  );

  it.each(['eur', 'EURO', 'XQQ', ''])('refuses the currency %j', (code) => {
    expect(() => parseMoney('1', code)).toThrow(MoneyError);
  });

  it.each([
    [{ minor: 1240, currency: 'EUR' }, '€12.40'],
    [{ minor: -5, currency: 'EUR' }, '-€0.05'],
    [{ minor: 1500, currency: 'JPY' }, '¥1,500'],
    [{ minor: Number.MAX_SAFE_INTEGER, currency: 'USD' }, '$90,071,992,547,409.91'],
  ])('shows %j as %s', (money, text) => {
    expect(formatMoney(money)).toBe(text);
  });

  it('reads back what it writes', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), currency, (amount, code) => {
        const money = { minor: amount, currency: code };
        expect(parseMoney(moneyToDecimal(money), code)).toEqual(money);
      }),
    );
  });

  it('adds, takes away and compares as integers do', () => {
    fc.assert(
      fc.property(minor, minor, currency, (a, b, code) => {
        const left = { minor: a, currency: code };
        const right = { minor: b, currency: code };
        expect(subtractMoney(addMoney(left, right), right)).toEqual(left);
        expect(compareMoney(left, right)).toBe(Math.sign(a - b));
      }),
    );
  });

  it('refuses two currencies and sums past what is exact', () => {
    const euro = { minor: 1, currency: 'EUR' };
    for (const reckon of [addMoney, subtractMoney, compareMoney]) {
      expect(() => reckon(euro, { minor: 1, currency: 'USD' })).toThrow(MoneyError);
    }
    expect(() => addMoney(euro, { minor: Number.MAX_SAFE_INTEGER, currency: 'EUR' })).toThrow(MoneyError);
  });
});
