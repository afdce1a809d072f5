import { displayUnits, kindOf, sizeOf, unitLabel, type Unit } from './units.ts';

/**
 * An amount of something: a plain decimal without sign, exponent or trailing zeros, at most three decimals, and a unit.
 * All arithmetic is exact, in whole thousandths of the kind's base unit.
 */
export interface Quantity {
  readonly amount: string;
  readonly unit: Unit;
}

/** Thousandths of one → the canonical decimal: 2500n → "2.5". */
export function decimal(value: bigint): string {
  const fraction = (value % 1_000n).toString().padStart(3, '0').replace(/0+$/, '');
  return fraction === '' ? `${value / 1_000n}` : `${value / 1_000n}.${fraction}`;
}

/** A plain decimal of at most 15 digits and three decimals → thousandths of one; null when the text is none. */
export function thousandths(text: string): bigint | null {
  const match = /^(\d{1,15})(?:\.(\d{1,3}))?$/.exec(text);
  if (match?.[1] === undefined) return null;
  return BigInt(match[1]) * 1_000n + BigInt((match[2] ?? '').padEnd(3, '0'));
}

function inBase(quantity: Quantity): bigint {
  const amount = thousandths(quantity.amount);
  if (amount === null) throw new RangeError(`"${quantity.amount.slice(0, 40)}" is not a decimal with three decimals.`);
  return amount * sizeOf(quantity.unit);
}

function fromBase(base: bigint, kindsUnit: Unit): Quantity {
  const candidates = displayUnits(kindsUnit);
  const readable = (each: Unit) => base % sizeOf(each) === 0n && base >= sizeOf(each) * 1_000n;
  const unit = candidates.find(readable) ?? candidates.at(-1) ?? kindsUnit;
  return { amount: decimal(base / sizeOf(unit)), unit };
}

/** True when the two can be added: litres and millilitres yes, litres and cartons no. */
export function addable(a: Quantity, b: Quantity): boolean {
  return kindOf(a.unit) === kindOf(b.unit);
}

/**
 * The same amount in the largest unit of its kind in which it is at least one and has at most three decimals: the one
 * form of equal amounts. Throws RangeError when the amount is no such decimal, as all arithmetic here does.
 */
export function normalise(quantity: Quantity): Quantity {
  return fromBase(inBase(quantity), quantity.unit);
}

/** The exact sum in normal form; null when the units are of different kinds. */
export function add(a: Quantity, b: Quantity): Quantity | null {
  return addable(a, b) ? fromBase(inBase(a) + inBase(b), a.unit) : null;
}

/** -1, 0 or 1 as `a` is less than, equal to or more than `b`; null when the units are of different kinds. */
export function compare(a: Quantity, b: Quantity): -1 | 0 | 1 | null {
  if (!addable(a, b)) return null;
  const difference = inBase(a) - inBase(b);
  if (difference === 0n) return 0;
  return difference < 0n ? -1 : 1;
}

/** How a person reads it: "2.5 kg", "10 ×", "2 loaves". */
export function format(quantity: Quantity): string {
  const { amount, unit } = normalise(quantity);
  return `${amount} ${unitLabel(unit, amount !== '1')}`;
}
