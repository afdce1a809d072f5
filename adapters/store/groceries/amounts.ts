import type { GroceriesSettings, Regular } from '../../../contracts/groceries-settings.ts';
import { nameKey } from '../../../contracts/name-key.ts';
import { decimal, normalise, type Quantity, thousandths } from '../../../contracts/quantity.ts';
import { displayUnits, sizeOf, type Unit } from '../../../contracts/units.ts';

/** An amount in whole thousandths of the base unit of its kind: what is stored, added and compared. */
export interface BaseAmount {
  readonly milli: bigint;
  readonly unit: Unit;
}

/** "2 kg" → 2 000 000 thousandths of a gram. Throws RangeError when the amount is no decimal with three decimals. */
export function baseOf(quantity: Quantity): BaseAmount {
  const amount = thousandths(quantity.amount);
  if (amount === null) throw new RangeError('An amount is a decimal with at most three decimals.');
  return { milli: amount * sizeOf(quantity.unit), unit: displayUnits(quantity.unit).at(-1) ?? quantity.unit };
}

/** The amount as a person reads it. */
export function quantityOf(base: BaseAmount): Quantity {
  return normalise({ amount: decimal(base.milli), unit: base.unit });
}

/** What the household's settings say of a thing, by the key of its name. */
export function regularOf(settings: GroceriesSettings, key: string): Regular | undefined {
  return settings.regulars.find((regular) => nameKey(regular.name) === key);
}

const largest = BigInt(Number.MAX_SAFE_INTEGER);

/** A price as a number; an absurd one is capped at 2^53 - 1, which no budget holds. */
export function cappedMinor(minor: bigint): number {
  return Number(minor > largest ? largest : minor);
}

/**
 * What so much of a thing is expected to cost, in minor units, exact and rounded half up: by the regular's price for its
 * own quantity where the units are of one kind, else the default price of a line.
 */
export function priceOf(
  settings: GroceriesSettings,
  key: string,
  amount: BaseAmount,
): { minor: number; estimated: boolean } {
  const regular = regularOf(settings, key);
  const own = regular && baseOf(regular.quantity);
  if (regular === undefined || own === undefined || own.unit !== amount.unit) {
    return { minor: settings.defaultPrice.minor, estimated: true };
  }
  const doubled = 2n * BigInt(regular.price.minor) * amount.milli + own.milli;
  return { minor: cappedMinor(doubled / (2n * own.milli)), estimated: false };
}
