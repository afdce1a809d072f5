/**
 * The units of the house, by kind. Only units of one kind add up; `size` is how many base units of its kind one is.
 * Containers are a kind each: nobody knows how much is in "a carton".
 */
const measures = {
  g: { kind: 'mass', size: 1n },
  kg: { kind: 'mass', size: 1_000n },
  ml: { kind: 'volume', size: 1n },
  cl: { kind: 'volume', size: 10n },
  dl: { kind: 'volume', size: 100n },
  l: { kind: 'volume', size: 1_000n },
  oz: { kind: 'avoirdupois', size: 1n },
  lb: { kind: 'avoirdupois', size: 16n },
  piece: { kind: 'count', size: 1n },
} as const;

const containers = [
  'bag',
  'bar',
  'bottle',
  'box',
  'bunch',
  'can',
  'carton',
  'clove',
  'crate',
  'cup',
  'head',
  'jar',
  'loaf',
  'pack',
  'pint',
  'punnet',
  'roll',
  'slice',
  'tray',
  'tub',
  'tube',
] as const;

type Measure = keyof typeof measures;
type Container = (typeof containers)[number];

/** A unit of the house, by its one canonical name. */
export type Unit = Measure | Container;

/** Every unit's canonical name. */
export const units: readonly [Unit, ...Unit[]] = ['piece', 'g', 'kg', 'ml', 'cl', 'dl', 'l', 'oz', 'lb', ...containers];

function isMeasure(unit: Unit): unit is Measure {
  return unit in measures;
}

/** What a unit measures: units of one kind add up. */
export function kindOf(unit: Unit): string {
  return isMeasure(unit) ? measures[unit].kind : unit;
}

/** How many base units of its kind one of this unit is: a kilogram is 1000 (grams). */
export function sizeOf(unit: Unit): bigint {
  return isMeasure(unit) ? measures[unit].size : 1n;
}

/** The units that a sum of this kind is written in, largest first. */
export function displayUnits(unit: Unit): readonly Unit[] {
  const byKind: Record<string, readonly Unit[]> = { mass: ['kg', 'g'], volume: ['l', 'ml'], avoirdupois: ['lb', 'oz'] };
  return byKind[kindOf(unit)] ?? [unit];
}

const plurals: Partial<Record<Unit, string>> = { box: 'boxes', bunch: 'bunches', loaf: 'loaves' };

/** How a unit is written after a number: "2 loaves", "1 loaf", "500 g"; `piece` is "×". */
export function unitLabel(unit: Unit, plural: boolean): string {
  if (unit === 'piece') return '×';
  if (isMeasure(unit) || !plural) return unit;
  return plurals[unit] ?? `${unit}s`;
}

/** What a word for a unit means: "dozen" is twelve pieces. */
export interface UnitWord {
  readonly unit: Unit;
  readonly times: bigint;
}

const synonyms: Partial<Record<Unit, readonly string[]>> = {
  piece: ['pieces', 'pc', 'pcs'],
  g: ['gr', 'gram', 'grams', 'gramme', 'grammes'],
  kg: ['kgs', 'kilo', 'kilos', 'kilogram', 'kilograms', 'kilogramme', 'kilogrammes'],
  ml: ['millilitre', 'millilitres', 'milliliter', 'milliliters'],
  cl: ['centilitre', 'centilitres', 'centiliter', 'centiliters'],
  dl: ['decilitre', 'decilitres', 'deciliter', 'deciliters'],
  l: ['ltr', 'litre', 'litres', 'liter', 'liters'],
  oz: ['ounce', 'ounces'],
  lb: ['lbs', 'pound', 'pounds'],
  can: ['tin', 'tins'],
  pack: ['packet', 'packets', 'package', 'packages', 'pkt'],
};

const words = new Map<string, UnitWord>();
for (const unit of units) {
  const forms = [unit, ...(synonyms[unit] ?? []), ...(isMeasure(unit) ? [] : [unitLabel(unit, true)])];
  for (const form of forms) words.set(form, { unit, times: 1n });
}
words.set('dozen', { unit: 'piece', times: 12n });
words.set('dozens', { unit: 'piece', times: 12n });

/** The unit that an English word or symbol names, in any case; null when it names none. */
export function unitOf(word: string): UnitWord | null {
  return words.get(word.toLowerCase()) ?? null;
}
