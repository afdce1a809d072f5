import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createOfflineReader } from '../../adapters/offline-reader/index.ts';
import { readList } from '../../adapters/offline-reader/read-list.ts';
import { type Extraction, extractionSchema } from '../../contracts/extraction.ts';
import { decimal } from '../../contracts/quantity.ts';
import { unitLabel, type Unit } from '../../contracts/units.ts';

/** One line per entry, as "need milk 2 l", so that a whole extraction is compared at once. */
function summary(body: string, openQuestions: { name: string }[] = []): string[] {
  const { needs, removals, amounts, buyNow, notUnderstood } = readList(body, openQuestions);
  return [
    ...needs.map((each) => `need ${each.name} ${each.quantity ?? '-'} ${each.unit ?? '-'} «${each.span.text}»`),
    ...removals.map((each) => `remove ${each.name} «${each.span.text}»`),
    ...amounts.map((each) => `amount ${each.quantity} ${each.unit ?? '-'} «${each.span.text}»`),
    ...(buyNow ? ['buy now'] : []),
    ...notUnderstood.map((each) => `? ${each.text}`),
  ];
}

function spansAreExact(body: string, extraction: Extraction): boolean {
  const all = [...extraction.needs, ...extraction.removals, ...extraction.amounts, ...extraction.notUnderstood];
  return all.every(({ span }) => span.end > span.start && body.slice(span.start, span.end) === span.text);
}

const milk = 'need milk - - «milk»';
const eggs = 'need eggs - - «eggs»';

describe('needs', () => {
  it.each([
    ['2 l milk, eggs and 500 g flour', ['need milk 2 l «2 l milk»', eggs, 'need flour 500 g «500 g flour»']],
    ["we're out of milk and eggs, and get 2 kg flour", [milk, eggs, 'need flour 2 kg «2 kg flour»']],
    ['We’re out of milk', [milk]],
    ['we need bread', ['need bread - - «bread»']],
    ['please buy a dozen eggs', ['need eggs 12 piece «a dozen eggs»']],
    ['could you pick up two cartons of milk?', ['need milk 2 carton «two cartons of milk»']],
    ['a bottle of red wine', ['need red wine 1 bottle «a bottle of red wine»']],
    ['milk x2', ['need milk 2 piece «milk x2»']],
    ['3x milk; milk 2 l', ['need milk 3 piece «3x milk»', 'need milk 2 l «milk 2 l»']],
    ['2 x 500 g pasta', ['need pasta 1000 g «2 x 500 g pasta»']],
    ['half a kilo of tomatoes', ['need tomatoes 0.5 kg «half a kilo of tomatoes»']],
    ['one and a half litres of milk', ['need milk 1.5 l «one and a half litres of milk»']],
    [
      '1/2 kg rice, 1.5 l cola, 1,5 l juice',
      ['need rice 0.5 kg «1/2 kg rice»', 'need cola 1.5 l «1.5 l cola»', 'need juice 1.5 l «1,5 l juice»'],
    ],
    ['- milk\n* 500g flour\n• eggs (10)', [milk, 'need flour 500 g «500g flour»', 'need eggs 10 piece «eggs (10)»']],
    ['1. milk\n2) eggs\n- [ ] quinoa', [milk, eggs, 'need quinoa - - «quinoa»']],
    ['We need:\nmilk\nquinoa', [milk, 'need quinoa - - «quinoa»']],
    ['shopping list: milk, eggs', [milk, eggs]],
    ['milk\neggs\nhalloumi', [milk, eggs, 'need halloumi - - «halloumi»']],
    ['an egg and some milk please', ['need egg 1 piece «an egg»', milk]],
    ['2 l 3.5% milk and 7up', ['need 3.5% milk 2 l «2 l 3.5% milk»', 'need 7up - - «7up»']],
    ['Hi! 2 l milk please. Thanks!', ['need milk 2 l «2 l milk»']],
    ['add milk to the list', [milk]],
  ])('%s', (body, expected) => {
    expect(summary(body)).toEqual(expected);
  });

  it('does not guess the unit of a thing that is not counted', () => {
    expect(summary('2 milk, 2 eggs')).toEqual(['need milk 2 - «2 milk»', 'need eggs 2 piece «2 eggs»']);
  });
});

describe('removals, answers and orders', () => {
  it.each([
    ["we don't need bread any more", ['remove bread «bread»']],
    ['I dont need the milk anymore, thanks', ['remove milk «milk»']],
    ['no more milk needed', ['remove milk «milk»']],
    [
      "we don't need milk or eggs, but get bread",
      ['need bread - - «bread»', 'remove milk «milk»', 'remove eggs «eggs»'],
    ],
    ['don’t buy butter', ['remove butter «butter»']],
    ['remove milk from the list', ['remove milk «milk»']],
    ["don't forget the milk", [milk]],
    ['buy it now', ['buy now']],
    ['Please order now!', ['buy now']],
    ['2 l milk, and order the list', ['need milk 2 l «2 l milk»', 'buy now']],
  ])('%s', (body, expected) => {
    expect(summary(body)).toEqual(expected);
  });

  it('takes a bare amount for the answer to an open question, and for nothing else', () => {
    expect(summary('2 l', [{ name: 'milk' }])).toEqual(['amount 2 l «2 l»']);
    expect(summary('a dozen please', [{ name: 'eggs' }])).toEqual(['amount 12 piece «a dozen»']);
    expect(summary('500', [{ name: 'flour' }])).toEqual(['amount 500 - «500»']);
    expect(summary('2 l')).toEqual(['? 2 l']);
  });
});

describe('what is not understood is asked back', () => {
  it.each([
    ['bread?', ['? bread?']],
    ['milk, eggs, bread?', [milk, eggs, '? bread?']],
    ['hello', ['? hello']],
    ["what's the weather", ["? what's the weather"]],
    ['Is there milk, eggs and bread?', ['? Is there milk, eggs and bread?']],
    ['I ate 2 eggs yesterday', ['? I ate 2 eggs yesterday']],
    ['we had guests, so please get 2 l milk', ['need milk 2 l «2 l milk»', '? we had guests']],
    ['no more milk', ['? no more milk']],
    ['2-3 apples', ['? 2-3 apples']],
    ['1,000 g flour', ['? 1,000 g flour']],
    ['0 l milk', ['? 0 l milk']],
    ['get milk or oat milk', ['? get milk or oat milk']],
    ['get milk if it is cheap', ['? get milk if it is cheap']],
    ['get milk for the cake', [milk, '? for the cake']],
    ["don't buy it now", ["? don't buy it now"]],
    ['should we buy it now?', ['? should we buy it now?']],
    ['2 l Milch und Eier', ['? 2 l Milch und Eier']],
    ['$5 of apples', ['? $5 of apples']],
    ['👍', ['? 👍']],
  ])('%s', (body, expected) => {
    expect(summary(body)).toEqual(expected);
  });

  it.each(['', ' \n\t ', '!!!'])('nothing is made of nothing (%j)', (body) => {
    expect(readList(body, [])).toMatchObject({ needs: [], removals: [], amounts: [], buyNow: false });
  });
});

describe('any message', () => {
  const names = [
    'milk',
    'eggs',
    'oat milk',
    'cherry tomatoes',
    'flour',
    'brown bread',
    'halloumi',
    "baker's yeast",
    'semi-skimmed milk',
    'crème fraîche',
  ];
  const measure = fc.constantFrom<Unit>('g', 'kg', 'ml', 'l', 'carton', 'can', 'bottle', 'loaf', 'pack');
  const item = fc.record({
    name: fc.constantFrom(...names),
    amount: fc.bigInt({ min: 1n, max: 99_999_999n }),
    unit: measure,
  });
  const separator = fc.constantFrom(', ', ' and ', ', and ', '\n', '\n- ', '; ', ' & ');

  it('gives back every list that was written in one of its ways', () => {
    const lead = fc.constantFrom('', 'we need ', "We're out of ", 'please get ', 'Buy ', '- ');
    const written = fc.record({
      lead,
      separator,
      items: fc.array(item, { minLength: 1, maxLength: 12 }),
      of: fc.boolean(),
    });
    fc.assert(
      fc.property(written, ({ lead: begin, separator: between, items, of }) => {
        const texts = items.map(
          ({ name, amount, unit }) => `${decimal(amount)} ${unitLabel(unit, true)}${of ? ' of' : ''} ${name}`,
        );
        const body = begin + texts.join(between);
        const extraction = readList(body, []);
        const expected = items.map(({ name, amount, unit }, index) => ({
          name,
          quantity: decimal(amount),
          unit,
          text: texts[index],
        }));
        expect(extraction.needs.map(({ span, ...rest }) => ({ ...rest, text: span.text }))).toEqual(expected);
        expect(extraction.notUnderstood).toEqual([]);
        expect(spansAreExact(body, extraction)).toBe(true);
      }),
    );
  });

  const pieces = [
    '2 l',
    ' ',
    'milk',
    ',',
    ' and ',
    '\n',
    '- ',
    'we need ',
    "don't need ",
    ' any more',
    '?',
    '.',
    '½',
    '1,5',
    'x2',
    '(',
    ')',
    'buy it now',
    ' no more ',
    'a half',
    'half a ',
    '1/3',
    '😀',
    '\ud83d',
    'ﬀ',
    '’',
    '[ ]',
    'if ',
    ':',
    '%',
    'dozen ',
  ];

  it.each([
    ['of our words', fc.array(fc.constantFrom(...pieces), { maxLength: 30 }).map((parts) => parts.join(''))],
    ['of any characters', fc.string({ unit: 'binary', maxLength: 200 })],
  ])('has exact spans, fits the contract and never throws: %s', (_name, bodies) => {
    fc.assert(
      fc.property(bodies, fc.boolean(), (body, asked) => {
        const extraction = readList(body, asked ? [{ name: 'milk' }] : []);
        expect(spansAreExact(body, extraction)).toBe(true);
        expect(extractionSchema.safeParse(extraction).success).toBe(true);
        expect(readList(body, asked ? [{ name: 'milk' }] : [])).toEqual(extraction);
      }),
      { numRuns: 300 },
    );
  });

  it.each(['milk, ', '2 kg flour\n', 'a', 'and ', '2 ', '1,', '- ', 'x2 ', "don't need ", 'a half ', '((((', '😀'])(
    '100 kB of %j are read at once, and what was not read is said',
    (piece) => {
      const body = piece.repeat(Math.ceil(100_000 / piece.length));
      const times = [1, 2, 3].map(() => {
        const started = performance.now();
        readList(body, []);
        return performance.now() - started;
      });
      expect(Math.min(...times)).toBeLessThan(50);
      const extraction = readList(body, []);
      expect(extractionSchema.safeParse(extraction).success).toBe(true);
      expect(spansAreExact(body, extraction)).toBe(true);
      expect(extraction.notUnderstood.length).toBeGreaterThan(0);
    },
  );
});

it('says where it stopped reading a very long message', () => {
  const body = `${'so much talk\n'.repeat(2_000)}2 l milk`;
  const extraction = readList(body, []);
  expect(extraction.needs).toEqual([]);
  expect(readList(body.slice(-8), []).needs).toHaveLength(1);
  expect(extraction.notUnderstood.at(-1)?.span.start).toBeLessThanOrEqual(16_000);
});

it('is a reader without a model and without tokens', async () => {
  const reader = createOfflineReader();
  const input = { body: '2 l milk', openQuestions: [], system: '' };
  const reading = await reader.read(input, { signal: new AbortController().signal, onProgress: () => undefined });
  expect(reader.label).toBe('offline');
  expect(reading).toMatchObject({
    model: 'offline',
    usage: { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 },
  });
  expect(JSON.parse(reading.raw)).toEqual(reading.extraction);
});
