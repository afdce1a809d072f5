import { decimal, thousandths } from './quantity.ts';
import { unitOf, type Unit } from './units.ts';

/** A number as people type it, as one token: 2, 1.5, 1,5, 1/2, ½, 1½. */
export const numberToken = /\d+(?:[.,/]\d+)?[½¼¾]?|[½¼¾]/u;
const onlyNumber = new RegExp(`^(?:${numberToken.source})$`, 'u');
const anyToken = new RegExp(`${numberToken.source}|\\p{L}+|\\S`, 'gu');

/** The largest amount that is believed; more is a slip of the finger. */
const largest = 999_999_999n;

const numberWords = new Map(
  'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen eighteen nineteen twenty'
    .split(' ')
    .map((word, index) => [word, BigInt(index + 1) * 1_000n]),
);
const fractions: Record<string, bigint> = { '½': 500n, '¼': 250n, '¾': 750n };
const parts: Record<string, bigint> = { half: 500n, quarter: 250n };

/** An amount said in words at the beginning of a list of words. */
export interface SpokenQuantity {
  readonly thousandths: bigint;
  /** Null when only a number was said. */
  readonly unit: Unit | null;
  /** How many of the words were taken. */
  readonly used: number;
  /** Said as a number of things: "3 x", "a dozen", "an …", "half a …". */
  readonly counted: boolean;
}

/** One number token → thousandths. Null for "1,000" (a thousand or one?), "1/3" (not exact) and anything absurd. */
function plainNumber(token: string): bigint | null {
  const extra = fractions[token.at(-1) ?? ''];
  const rest = extra === undefined ? token : token.slice(0, -1);
  if (rest === '') return extra ?? null;
  const whole = rest.includes('/') ? quotient(rest) : decimalNumber(rest);
  if (whole === null || extra === undefined) return whole;
  return whole % 1_000n === 0n ? whole + extra : null;
}

function quotient(text: string): bigint | null {
  const [above, below] = text.split('/').map((each) => (each.length > 6 ? 0n : BigInt(each)));
  if (above === undefined || below === undefined || below === 0n) return null;
  return (above * 1_000n) % below === 0n ? (above * 1_000n) / below : null;
}

function decimalNumber(text: string): bigint | null {
  return /,\d{3}$/.test(text) ? null : thousandths(text.replace(',', '.'));
}

/** "and a half", "1/2" or "½" after a whole number: what it adds and how many words it takes. */
function remainder(words: readonly string[]): { adds: bigint; used: number } {
  if (words[0] === 'and' && words[1] === 'a' && words[2] === 'half') return { adds: 500n, used: 3 };
  const next = words[0] ?? '';
  const adds = /^(?:\d+\/\d+|[½¼¾])$/.test(next) ? plainNumber(next) : null;
  return adds !== null && adds < 1_000n ? { adds, used: 1 } : { adds: 0n, used: 0 };
}

function spokenNumber(words: readonly string[]): { value: bigint; used: number; counted: boolean } | null {
  const first = words[0] ?? '';
  if (onlyNumber.test(first) || numberWords.has(first)) {
    const value = numberWords.get(first) ?? plainNumber(first);
    if (value === null) return null;
    const more = value % 1_000n === 0n ? remainder(words.slice(1, 4)) : { adds: 0n, used: 0 };
    return { value: value + more.adds, used: 1 + more.used, counted: false };
  }
  const article = first === 'a' || first === 'an' ? 1 : 0;
  const part = parts[words[article] ?? ''];
  if (part === undefined) return article === 1 ? { value: 1_000n, used: 1, counted: true } : null;
  const after = words.slice(article + 1, article + 3);
  const of = after[0] === 'of' ? 1 : 0;
  const linked = after[of] === 'a' || after[of] === 'an' ? of + 1 : 0;
  return { value: part, used: article + 1 + linked, counted: linked > 0 };
}

/**
 * Reads an amount from the first of the words, which are lower case, each number one token (`numberToken`): "2 l",
 * "half a kilo", "a dozen", "3 x 500 g", "one and a half litres". Null when they begin with none, or with one that has
 * no single exact meaning.
 */
export function readQuantity(words: readonly string[]): SpokenQuantity | null {
  const number = spokenNumber(words);
  if (number === null) return null;
  let { value, used, counted } = number;
  let unit: Unit | null = null;
  if (['x', '×', '*'].includes(words[used] ?? '')) {
    const each = spokenNumber(words.slice(used + 1, used + 6));
    used += 1 + (each?.used ?? 0);
    counted = true;
    if (each !== null) value *= each.value;
    if (each !== null && value % 1_000n !== 0n) return null;
    if (each !== null) value /= 1_000n;
  }
  if (words[used] === 'more') used += 1;
  for (
    let word = unitOf(words[used] ?? '');
    word !== null;
    word = unit === 'piece' ? unitOf(words[used] ?? '') : null
  ) {
    value *= word.times;
    unit = word.unit;
    used += 1;
  }
  return value > 0n && value <= largest
    ? { thousandths: value, unit, used, counted: counted || unit === 'piece' }
    : null;
}

/** A whole text that is an amount and nothing else: "2.5 kg", "1,5 l", "half a dozen", "12" (unit null). */
export function parseQuantity(text: string): { amount: string; unit: Unit | null } | null {
  if (text.length > 80) return null;
  const tokens = text.toLowerCase().match(anyToken) ?? [];
  const spoken = readQuantity(tokens);
  if (spoken === null || spoken.used !== tokens.length) return null;
  return { amount: decimal(spoken.thousandths), unit: spoken.unit };
}
