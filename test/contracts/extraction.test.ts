import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Extraction,
  extractionSchema,
  longestSpan,
  mostEntries,
  type Span,
  spanOf,
  verifySpans,
} from '../../contracts/extraction.ts';

const nothing: Extraction = { needs: [], removals: [], amounts: [], buyNow: false, notUnderstood: [] };
const need = (name: string, span: Span) => ({ name, quantity: null, unit: null, span });
const spans = (extraction: Extraction) =>
  [...extraction.needs, ...extraction.removals, ...extraction.amounts, ...extraction.notUnderstood].map(
    (each) => each.span,
  );

describe('verifySpans', () => {
  const body = 'milk and eggs, then more milk';

  it('keeps what is exact', () => {
    const exact = { ...nothing, buyNow: true, needs: [need('milk', { start: 0, end: 4, text: 'milk' })] };
    expect(verifySpans(body, exact)).toEqual(exact);
  });

  it('repairs offsets where the text stands exactly once', () => {
    const moved = verifySpans(body, { ...nothing, needs: [need('eggs', { start: 2, end: 6, text: 'eggs' })] });
    expect(moved.needs[0]?.span).toEqual({ start: 9, end: 13, text: 'eggs' });
    expect(moved.notUnderstood).toEqual([]);
  });

  it('asks back when the text stands twice', () => {
    const twice = verifySpans(body, {
      ...nothing,
      removals: [{ name: 'milk', span: { start: 1, end: 5, text: 'milk' } }],
    });
    expect(twice).toEqual({ ...nothing, notUnderstood: [{ text: 'milk', span: { start: 0, end: 4, text: 'milk' } }] });
  });

  it('asks back with the owner’s words when the text stands nowhere', () => {
    const invented = verifySpans(body, { ...nothing, needs: [need('caviar', { start: 0, end: 6, text: 'caviar' })] });
    expect(invented).toEqual({
      ...nothing,
      notUnderstood: [{ text: body, span: { start: 0, end: body.length, text: body } }],
    });
  });

  it('makes every span exact and loses no entry, whatever it is given', () => {
    const text = fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom('a', 'b', ' ', '😀') });
    const span = fc.record({ start: fc.nat(12), end: fc.nat(12), text });
    const entry = span.map((each) => need('x', each));
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', 'b', ' ', '😀') }),
        fc.array(entry),
        fc.array(span),
        (message, needs, unclear) => {
          const notUnderstood = unclear.map((each) => ({ text: each.text, span: each }));
          const verified = verifySpans(message, { ...nothing, needs, notUnderstood });
          for (const each of spans(verified)) expect(message.slice(each.start, each.end)).toBe(each.text);
          expect(verified.notUnderstood.every((each) => each.text === each.span.text && each.text !== '')).toBe(true);
          const lost = verified.needs.length < needs.length && message !== '' && verified.notUnderstood.length === 0;
          expect(lost).toBe(false);
        },
      ),
    );
  });

  it('stays within its bounds when everything is moved', () => {
    const many = 'ab '.repeat(2_000);
    const needs = Array.from({ length: mostEntries }, (_, index) =>
      need('x', { start: index, end: index + 3, text: 'ba ' }),
    );
    const verified = verifySpans(many, { ...nothing, needs });
    expect(extractionSchema.safeParse(verified).success).toBe(true);
    expect(verified.needs).toEqual([]);
  });
});

describe('spanOf', () => {
  it('cuts a long piece without splitting a character', () => {
    const body = `${'x'.repeat(longestSpan - 1)}😀 and more`;
    expect(spanOf(body, 0, body.length)).toEqual({ start: 0, end: longestSpan - 1, text: 'x'.repeat(longestSpan - 1) });
    expect(spanOf('milk', 1, 3)).toEqual({ start: 1, end: 3, text: 'il' });
  });
});

describe('the schema', () => {
  const span = { start: 0, end: 4, text: 'milk' };

  it.each(['0', '0.000', '-1', '1.2345', '1,5', '1e3', '1000000', ''])('refuses the quantity "%s"', (quantity) => {
    expect(
      extractionSchema.safeParse({ ...nothing, needs: [{ name: 'milk', quantity, unit: 'l', span }] }).success,
    ).toBe(false);
  });

  it('is bounded and knows its fields', () => {
    const full = Array.from({ length: mostEntries }, () => need('milk', span));
    expect(extractionSchema.safeParse({ ...nothing, needs: full }).success).toBe(true);
    expect(extractionSchema.safeParse({ ...nothing, needs: [...full, need('milk', span)] }).success).toBe(false);
    expect(extractionSchema.safeParse({ ...nothing, needs: [need('m'.repeat(81), span)] }).success).toBe(false);
    expect(extractionSchema.safeParse({ ...nothing, order: true }).success).toBe(false);
    expect(extractionSchema.safeParse({ ...nothing, needs: [{ ...need('milk', span), unit: 'barrel' }] }).success).toBe(
      false,
    );
  });
});
