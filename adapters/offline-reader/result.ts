import { longestSpan, mostEntries, spanOf, type Extraction, type Span } from '../../contracts/extraction.ts';
import type { Item } from './item.ts';

/** A piece of the message by its offsets. */
export interface Place {
  readonly start: number;
  readonly end: number;
}

/** Collects what was read, in any order. */
export interface Draft {
  need(item: Item & { kind: 'thing' }): void;
  removal(item: Item & { kind: 'thing' }): void;
  amount(item: Item & { kind: 'amount' }): void;
  unclear(place: Place): void;
  buyNow(): void;
  /** True when one of the kinds has all the entries it may have. */
  full(): boolean;
  finish(): Extraction;
}

const byStart = (a: { span: Span }, b: { span: Span }) => a.span.start - b.span.start;

/** Neighbours on one line with nothing but a comma or "and" between them are one thing to ask about. */
function merged(body: string, places: readonly Place[]): Place[] {
  const result: Place[] = [];
  for (const place of [...places].sort((a, b) => a.start - b.start)) {
    const before = result.at(-1);
    const between = before === undefined ? 'x' : body.slice(before.end, Math.min(place.start, before.end + 12));
    const near = before !== undefined && place.start - before.end < 12 && place.end - before.start <= longestSpan;
    if (near && /^[^\S\n]*[,;.!?&+]{0,3}[^\S\n]*(?:(?:and|but)[^\S\n]+)?$/iu.test(between)) {
      result[result.length - 1] = { start: before.start, end: Math.max(before.end, place.end) };
    } else {
      result.push(place);
    }
  }
  return result;
}

/** At most `mostEntries` pieces; the last one then begins what was not read any more. */
function bounded(body: string, places: readonly Place[]): Extraction['notUnderstood'] {
  const kept = places.slice(0, mostEntries);
  const spans = kept.map((place, index) => {
    const last = index === mostEntries - 1 && places.length > mostEntries;
    return spanOf(body, place.start, last ? body.length : place.end);
  });
  return spans.map((span) => ({ text: span.text, span }));
}

/** An empty draft of what this body says. */
export function createDraft(body: string): Draft {
  const extraction: Extraction = { needs: [], removals: [], amounts: [], buyNow: false, notUnderstood: [] };
  const unclear: Place[] = [];
  const entries = () =>
    unclear.length + extraction.needs.length + extraction.removals.length + extraction.amounts.length;
  return {
    need: ({ name, quantity, unit, start, end }) =>
      extraction.needs.push({ name, quantity, unit, span: spanOf(body, start, end) }),
    removal: ({ name, start, end }) => extraction.removals.push({ name, span: spanOf(body, start, end) }),
    amount: ({ quantity, unit, start, end }) =>
      extraction.amounts.push({ quantity, unit, span: spanOf(body, start, end) }),
    unclear: (place) => unclear.push(place),
    buyNow: () => {
      extraction.buyNow = true;
    },
    full: () => [extraction.needs, extraction.removals, extraction.amounts].some((all) => all.length >= mostEntries),
    finish: () => {
      const all = body.trim();
      if (entries() === 0 && !extraction.buyNow && all !== '') {
        const start = body.indexOf(all);
        unclear.push({ start, end: start + all.length });
      }
      return {
        needs: extraction.needs.sort(byStart),
        removals: extraction.removals.sort(byStart),
        amounts: extraction.amounts.sort(byStart),
        buyNow: extraction.buyNow,
        notUnderstood: bounded(body, merged(body, unclear)),
      };
    },
  };
}
