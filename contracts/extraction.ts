import { z } from 'zod';
import { thousandths } from './quantity.ts';
import { units } from './units.ts';

/** Most entries of one kind that one message may hold. */
export const mostEntries = 100;
/** Longest piece of a message that one entry may stand for, in UTF-16 code units. */
export const longestSpan = 1_000;

const spanSchema = z.strictObject({
  start: z.int().min(0).describe('Offset of the first character in the message.'),
  end: z.int().min(1).describe('Offset after the last character.'),
  text: z.string().min(1).max(longestSpan).describe('The exact characters of the message from start to end.'),
});

/** Postgres holds neither NUL nor half a surrogate pair; everything else that is kept comes from the message itself. */
const name = z
  .string()
  .trim()
  .min(1)
  .max(80)
  .refine((text) => !/[\0\p{Surrogate}]/u.test(text), 'is no text.');

const quantity = z
  .string()
  .regex(/^\d{1,6}(?:\.\d{1,3})?$/)
  .refine((value) => thousandths(value) !== 0n, 'must be more than nothing.')
  .describe('A plain decimal such as "2" or "0.5".');

const unit = z.enum(units);

/**
 * What a reader makes of one message. Offsets are JavaScript string indices (UTF-16 code units) into the message's body
 * and `body.slice(start, end) === text` holds for every span that passed `verifySpans`; whoever stores them beside
 * SQL's character offsets has to convert. A quantity or unit that the message does not say is null, never a guess.
 * `amounts` are bare quantities that answer an open question; their unit is null when only a number was written.
 */
export const extractionSchema = z.strictObject({
  needs: z
    .array(z.strictObject({ name, quantity: quantity.nullable(), unit: unit.nullable(), span: spanSchema }))
    .max(mostEntries),
  removals: z.array(z.strictObject({ name, span: spanSchema })).max(mostEntries),
  amounts: z.array(z.strictObject({ quantity, unit: unit.nullable(), span: spanSchema })).max(mostEntries),
  buyNow: z.boolean(),
  notUnderstood: z
    .array(z.strictObject({ text: z.string().min(1).max(longestSpan), span: spanSchema }))
    .max(mostEntries),
});

export type Extraction = z.infer<typeof extractionSchema>;
/** Where in a message something was said. */
export type Span = z.infer<typeof spanSchema>;

/** The exact span from `start` to `end`, cut at `longestSpan` without splitting a character in two. */
export function spanOf(body: string, start: number, end: number): Span {
  let last = Math.min(end, start + longestSpan);
  const unitBefore = body.charCodeAt(last - 1);
  if (last < end && last - 1 > start && unitBefore >= 0xd800 && unitBefore <= 0xdbff) last -= 1;
  return { start, end: last, text: body.slice(start, last) };
}

/** The span with offsets that are true: as given, or moved to where its text stands exactly once; null otherwise. */
function trueSpan(body: string, span: Span): Span | null {
  if (body.slice(span.start, span.end) === span.text) return span;
  const first = body.indexOf(span.text);
  if (first === -1 || body.indexOf(span.text, first + 1) !== -1) return null;
  return { start: first, end: first + span.text.length, text: span.text };
}

/** Where an entry that nobody can place is shown: the first place of its words, else the message's beginning. */
function fallbackSpan(body: string, span: Span): Span {
  const first = body.indexOf(span.text);
  return first === -1 ? spanOf(body, 0, body.length) : { start: first, end: first + span.text.length, text: span.text };
}

/**
 * The same extraction with every span exact. Models count badly: offsets are repaired where the text stands exactly
 * once in the body; an entry that cannot be placed is moved to `notUnderstood`, so that the owner is asked. An empty
 * body yields an empty extraction.
 */
export function verifySpans(body: string, extraction: Extraction): Extraction {
  const lost: Span[] = [];
  const placed = <T extends { span: Span }>(entries: readonly T[]): T[] =>
    entries.flatMap((entry) => {
      const span = trueSpan(body, entry.span);
      if (span === null) lost.push(fallbackSpan(body, entry.span));
      return span === null ? [] : [{ ...entry, span }];
    });
  const needs = placed(extraction.needs);
  const removals = placed(extraction.removals);
  const amounts = placed(extraction.amounts);
  const unclear = [...placed(extraction.notUnderstood).map((entry) => entry.span), ...lost].filter(
    (s) => s.text !== '',
  );
  const distinct = new Map(unclear.map((span) => [`${span.start}:${span.end}`, span]));
  const notUnderstood = [...distinct.values()].slice(0, mostEntries).map((span) => ({ text: span.text, span }));
  return { needs, removals, amounts, buyNow: extraction.buyNow, notUnderstood };
}
