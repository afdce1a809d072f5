import { z } from 'zod';

/** An amount in the smallest unit of its currency: `{ minor: 1240, currency: 'EUR' }` is 12.40 euro. */
export const moneySchema = z.strictObject({ minor: z.int(), currency: z.string().regex(/^[A-Z]{3}$/) });
export type Money = z.infer<typeof moneySchema>;

/** An amount that cannot be read, mixed currencies, or a result past 2^53 minor units. */
export class MoneyError extends Error {
  override readonly name = 'MoneyError';
}

const CURRENCIES = new Set(Intl.supportedValuesOf('currency'));
const DECIMAL = /^(-?)(\d{1,16})(?:\.(\d{1,6}))?$/;

/** Whether `code` is a currency code of ISO 4217 in upper case. */
export const isCurrency = (code: string): boolean => CURRENCIES.has(code);

/**
 * How many digits follow the decimal point: 2 for EUR, 0 for JPY, 3 for KWD.
 * Source: ISO 4217 as the Unicode tables of Node carry it (Intl).
 */
export function currencyExponent(currency: string): number {
  if (!isCurrency(currency)) throw new MoneyError('The currency is not an ISO 4217 code such as "EUR".');
  return new Intl.NumberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

/**
 * Reads a decimal such as "12", "12.4" or "-12.40" exactly, without passing through a float.
 * @throws MoneyError when it is not a decimal, has more digits than the currency, or is past 2^53 minor units.
 */
export function parseMoney(decimal: string, currency: string): Money {
  const exponent = currencyExponent(currency);
  const match = DECIMAL.exec(decimal);
  if (!match) throw new MoneyError('An amount is written as a decimal with a point, such as "12.40".');
  const [, sign = '', whole = '', fraction = ''] = match;
  if (fraction.length > exponent) throw new MoneyError(`An amount in ${currency} has at most ${exponent} decimals.`);
  return checked(Number(`${sign}${whole}${fraction.padEnd(exponent, '0')}`), currency);
}

/** The decimal that `parseMoney` reads back: "12.40". */
export function moneyToDecimal({ minor, currency }: Money): string {
  const exponent = currencyExponent(currency);
  const digits = String(Math.abs(minor)).padStart(exponent + 1, '0');
  const point = digits.length - exponent;
  return `${minor < 0 ? '-' : ''}${digits.slice(0, point)}${exponent > 0 ? `.${digits.slice(point)}` : ''}`;
}

/** For people, in English: "€12.40". */
export function formatMoney(money: Money): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency: money.currency });
  const decimal = moneyToDecimal(money);
  return isNumeric(decimal) ? format.format(decimal) : decimal;
}

// Intl formats a decimal text exactly, where a float would lose digits.
const isNumeric = (decimal: string): decimal is `${number}` => DECIMAL.test(decimal);

/** @throws MoneyError on two currencies or a sum past 2^53 minor units. */
export function addMoney(a: Money, b: Money): Money {
  return checked(a.minor + b.minor, sameCurrency(a, b));
}

/** What is left of `a` without `b`; may be negative. @throws MoneyError as `addMoney`. */
export function subtractMoney(a: Money, b: Money): Money {
  return checked(a.minor - b.minor, sameCurrency(a, b));
}

/** Negative when `a` is less, zero when equal, positive when more. @throws MoneyError on two currencies. */
export function compareMoney(a: Money, b: Money): number {
  sameCurrency(a, b);
  return Math.sign(a.minor - b.minor);
}

function sameCurrency(a: Money, b: Money): string {
  if (a.currency !== b.currency) throw new MoneyError(`${a.currency} and ${b.currency} cannot be reckoned together.`);
  return a.currency;
}

function checked(minor: number, currency: string): Money {
  if (!Number.isSafeInteger(minor)) throw new MoneyError('The amount is too large.');
  return { minor: minor === 0 ? 0 : minor, currency };
}
