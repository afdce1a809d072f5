import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseLine } from '../../../cli/console/line.ts';
import { evidenceRequestSchema } from '../../../contracts/api.ts';

const only = { by: 'only' };
const id = '018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e40';

describe('a line of the console', () => {
  test.each([
    ['', { kind: 'nothing' }],
    ['   \t', { kind: 'nothing' }],
    ['  milk and eggs ', { kind: 'message', text: 'milk and eggs' }],
    ['yes, milk please', { kind: 'message', text: 'yes, milk please' }],
    ['constructor', { kind: 'message', text: 'constructor' }],
    [' Yes. ', { kind: 'word', verdict: 'approve', text: 'Yes.' }],
    ['no!', { kind: 'word', verdict: 'reject', text: 'no!' }],
    ['/yes', { kind: 'decide', verdict: 'approve', target: only, feedback: null }],
    ['/YES 2', { kind: 'decide', verdict: 'approve', target: { by: 'number', number: 2 }, feedback: null }],
    [`/yes ${id}`, { kind: 'decide', verdict: 'approve', target: { by: 'id', id }, feedback: null }],
    ['/no', { kind: 'decide', verdict: 'reject', target: only, feedback: null }],
    ['/no too dear', { kind: 'decide', verdict: 'reject', target: only, feedback: 'too dear' }],
    [
      '/no 018f3a52 too  dear',
      { kind: 'decide', verdict: 'reject', target: { by: 'id', id: '018f3a52' }, feedback: 'too  dear' },
    ],
    ['/bought 12.40', { kind: 'bought', amount: '12.40', target: only }],
    ['/bought 12 3', { kind: 'bought', amount: '12', target: { by: 'number', number: 3 } }],
    ['/not-bought', { kind: 'not-bought', target: only }],
    ['/not-bought 2', { kind: 'not-bought', target: { by: 'number', number: 2 } }],
    ['/board', { kind: 'board' }],
    ['/approvals', { kind: 'approvals' }],
    ['/help', { kind: 'help' }],
    ['/quit', { kind: 'quit' }],
  ])('%j', (line, expected) => {
    expect(parseLine(line)).toEqual(expected);
  });

  test.each([
    ['/yes please', '/yes 1'],
    ['/yes 1 2', '/yes 1'],
    ['/yes 0', '/yes 1'],
    ['/bought', '/bought 12.40'],
    ['/bought 12,40', '/bought 12.40'],
    ['/bought €12', '/bought 12.40'],
    ['/bought 12 EUR', '/bought 12.40'],
    ['/bought 12 1 1', '/bought 12.40'],
    ['/not-bought all', '/not-bought 2'],
    ['/board now', '/board'],
    ['/buy milk', '/help'],
    ['/', '/help'],
    ['/ yes', '/help'],
  ])('%j is not carried out, and says what to write', (line, advice) => {
    expect(parseLine(line)).toEqual({ kind: 'wrong', say: expect.stringContaining(advice) });
  });

  test('every text is something, and what is no command is sent as it is', () => {
    const kinds = [
      'nothing',
      'message',
      'word',
      'decide',
      'bought',
      'not-bought',
      'board',
      'approvals',
      'help',
      'quit',
      'wrong',
    ];
    const any = fc.string({ unit: 'binary' });
    fc.assert(
      fc.property(any, (text) => {
        expect(kinds).toContain(parseLine(`/${text}`).kind);
      }),
    );
    const plain = any.filter((text) => !/^(?:\/|$)/.test(text.trim()));
    fc.assert(
      fc.property(plain, (text) => {
        expect(parseLine(text)).toHaveProperty('text', text.trim());
      }),
    );
  });

  test('an amount is taken exactly as written, and only when the house takes it too', () => {
    const word = fc.oneof(
      fc.string({ unit: fc.constantFrom(...Array.from('0123456789.,-+e€')), maxLength: 16 }),
      fc.tuple(fc.nat(999_999_999), fc.nat(999)).map(([whole, part]) => `${whole}.${part}`),
    );
    fc.assert(
      fc.property(word, (amount) => {
        const line = parseLine(`/bought ${amount}`);
        const taken = evidenceRequestSchema.safeParse({ stage: 'bought', verdict: 'bought', amount }).success;
        expect(line).toMatchObject(taken ? { kind: 'bought', amount } : { kind: 'wrong' });
      }),
    );
  });

  test('the reason of a no is kept to the letter', () => {
    const reason = fc.string({ minLength: 1 }).map((text) => `because ${text}`.trim());
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 999 }), reason, (number, feedback) => {
        expect(parseLine(`/no ${number} ${feedback}`)).toMatchObject({ target: { number }, feedback });
        expect(parseLine(`/no ${feedback}`)).toMatchObject({ target: { by: 'only' }, feedback });
      }),
    );
  });
});
