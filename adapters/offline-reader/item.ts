import { nameKey } from '../../contracts/name-key.ts';
import { decimal } from '../../contracts/quantity.ts';
import { readQuantity, type SpokenQuantity } from '../../contracts/quantity-words.ts';
import { unitOf, type Unit } from '../../contracts/units.ts';
import { phraseAt } from './match.ts';
import type { Token } from './tokens.ts';
import { cutters, determiners, groceries, tails, talk } from './words.ts';

/** A clause with more tokens is a sentence, not a thing. */
const mostTokens = 24;
const mostNameWords = 6;

/** What one clause comes to. `rest` is what follows the thing and was not understood. */
export type Item =
  | {
      readonly kind: 'thing';
      readonly name: string;
      readonly quantity: string | null;
      readonly unit: Unit | null;
      readonly start: number;
      readonly end: number;
      readonly rest: { readonly start: number; readonly end: number } | null;
      readonly known: boolean;
    }
  | { readonly kind: 'amount'; readonly quantity: string; readonly unit: Unit | null; start: number; end: number }
  | { readonly kind: 'empty' }
  /** `talk` is a sentence or another language; else the form is odd. */
  | { readonly kind: 'unclear'; readonly talk: boolean };

interface Measured {
  readonly spoken: SpokenQuantity | null;
  readonly unit: Unit | null;
  readonly from: number;
  readonly to: number;
}

const isNumeric = (token: Token | undefined) => token?.kind === 'number';

function skipDeterminers(words: readonly string[], from: number): number {
  let at = from;
  for (let found = phraseAt(determiners, words, at); found !== null; found = phraseAt(determiners, words, at)) {
    at += found.words.length;
  }
  return at;
}

/** Drops "please", "on the list" and their like from the end; answers how many tokens are left. */
export function withoutTail(tokens: readonly Token[], mode: 'need' | 'removal'): number {
  const reversed = tokens
    .slice(-mostTokens)
    .map((token) => token.lower)
    .toReversed();
  let dropped = 0;
  for (
    let found = phraseAt(tails[mode], reversed, 0);
    found !== null;
    found = phraseAt(tails[mode], reversed, dropped)
  ) {
    dropped += found.words.length;
  }
  return tokens.length - dropped;
}

/** An amount in front: "2 l (of) …", "bottles of …". */
function leading(words: readonly string[], from: number): Measured | null {
  const spoken = readQuantity(words.slice(from, from + 12));
  const at = from + (spoken?.used ?? 0);
  const bare = spoken === null && words[at + 1] === 'of' ? (unitOf(words[at] ?? '')?.unit ?? null) : null;
  if (spoken === null && bare === null) return null;
  const next = at + (bare === null ? 0 : 1);
  const name = skipDeterminers(words, words[next] === 'of' ? next + 1 : next);
  return { spoken, unit: spoken?.unit ?? bare, from: name, to: words.length };
}

/** An amount behind: "milk 2 l", "milk x2", "eggs: 10", "flour (500 g)". */
function trailing(tokens: readonly Token[], words: readonly string[], from: number): Measured | null {
  const end = words.at(-1) === ')' ? words.length - 1 : words.length;
  for (let at = from + 1; at < end; at += 1) {
    const times = ['x', '×', '*'].includes(words[at] ?? '') ? 1 : 0;
    if (times === 0 && !isNumeric(tokens[at]) && unitOf(words[end - 1] ?? '') === null) continue;
    const spoken = readQuantity(words.slice(at + times, end));
    if (spoken === null || at + times + spoken.used !== end) continue;
    const to = [':', '-', '–', '—', '(', '='].includes(words[at - 1] ?? '') ? at - 1 : at;
    const counted = spoken.counted || times === 1;
    return { spoken: { ...spoken, counted }, unit: spoken.unit, from, to };
  }
  return null;
}

/** "2 eggs" and "an egg" count pieces; "2 milk" does not say of what. */
function unitSaid(measured: Measured, lastWord: string): Unit | null {
  const { spoken, unit } = measured;
  if (unit !== null || spoken === null) return unit;
  const plural = nameKey(lastWord) !== lastWord;
  return spoken.counted || plural || spoken.thousandths === 1_000n ? 'piece' : null;
}

function amountOnly(tokens: readonly Token[], measured: Measured): Item {
  const { spoken } = measured;
  const article = tokens.length === 1 && tokens[0]?.kind === 'word' && tokens[0].lower.startsWith('a');
  if (spoken === null || article) return { kind: 'unclear', talk: false };
  const unit = measured.unit ?? (spoken.counted ? 'piece' : null);
  const place = { start: tokens[0]?.start ?? 0, end: tokens.at(-1)?.end ?? 0 };
  return { kind: 'amount', quantity: decimal(spoken.thousandths), unit, ...place };
}

function namedThing(body: string, tokens: readonly Token[], measured: Measured, first: number): Item {
  const name = tokens.slice(measured.from, measured.to);
  const cut = name.findIndex((token) => cutters.has(token.lower));
  const kept = cut === -1 ? name : name.slice(0, cut);
  const last = kept.at(-1);
  if (last === undefined || kept.some((token) => talk.has(token.lower))) return { kind: 'unclear', talk: true };
  const words = kept.map((token) => body.slice(token.start, token.end));
  const text = words.join(' ');
  const odd = kept.some((token) => token.kind !== 'word') || kept.length > mostNameWords || text.length > 80;
  if (odd || (cut !== -1 && measured.to < tokens.length)) return { kind: 'unclear', talk: false };
  const behind = cut === -1 ? tokens.at(-1) : last;
  const key = nameKey(text);
  return {
    kind: 'thing',
    name: text,
    quantity: measured.spoken === null ? null : decimal(measured.spoken.thousandths),
    unit: unitSaid(measured, last.lower),
    start: tokens[first]?.start ?? last.start,
    end: behind?.end ?? last.end,
    rest: cut === -1 ? null : { start: name[cut]?.start ?? last.end, end: name.at(-1)?.end ?? last.end },
    known: groceries.has(key) || groceries.has(nameKey(last.lower)),
  };
}

/**
 * Reads one clause, from behind its lead to its end, as a thing with an amount or as an amount alone. Numbers that
 * have no single exact meaning, alternatives and conditions make it unclear.
 */
export function readItem(body: string, clause: readonly Token[]): Item {
  if (clause.length === 0) return { kind: 'empty' };
  if (clause.length > mostTokens) return { kind: 'unclear', talk: true };
  const words = clause.map((token) => token.lower);
  if (words.some((word) => word === 'if' || word === 'unless' || word === 'or')) return { kind: 'unclear', talk: true };
  const first = skipDeterminers(words, 0);
  const measured = leading(words, first) ??
    trailing(clause, words, first) ?? { spoken: null, unit: null, from: first, to: words.length };
  if (measured.from >= measured.to) return amountOnly(clause.slice(first), measured);
  return namedThing(body, clause, measured, first);
}
