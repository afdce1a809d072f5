import { describe, expect, it } from 'vitest';
import { answerText } from '../../activities/answers.ts';
import { type CaptureReport, emptyReport } from '../../adapters/store/groceries/report.ts';

const answer = (facts: Partial<CaptureReport>) => answerText({ ...emptyReport('haiku'), ...facts });
const kilo = { amount: '1', unit: 'kg' } as const;

describe('the answer', () => {
  it('says everything that was made of a message, one thing a line', () => {
    expect(
      answer({
        reader: 'offline',
        noted: [
          { name: 'milk', quantity: { amount: '1', unit: 'l' }, usual: true },
          { name: 'flour', quantity: { amount: '2', unit: 'kg' }, usual: false },
        ],
        completed: [{ name: 'rice', quantity: kilo, usual: false }],
        totals: [{ name: 'milk', quantity: { amount: '3', unit: 'l' } }],
        cancelled: [
          { name: 'oats', quantity: { amount: '500', unit: 'g' } },
          { name: 'beans', quantity: null },
        ],
        tooLate: ['butter'],
        notListed: ['tea'],
        questions: ['salt', 'sugar'],
        notUnderstood: ['the blue one'],
        buyNow: 'asked',
      }).split('\n'),
    ).toEqual([
      'Noted: milk 1 l (usual), flour 2 kg.',
      'Completed: rice 1 kg.',
      'Together now: milk 3 l.',
      'Taken off the list: oats 500 g, beans.',
      'Too late, already ordered: butter. If it is not bought after all, confirm the purchase as “not bought”.',
      'Not on the list: tea.',
      'I will ask you about the purchase.',
      'How much salt? For example: 1 kg salt',
      'How much sugar? For example: 1 kg sugar',
      'I did not understand: “the blue one”',
      '(offline reader)',
    ]);
  });

  it('is never empty', () => {
    expect(answer({})).toContain('no groceries');
    expect(answer({ buyNow: 'nothing' })).toContain('nothing on the list');
  });

  it('shows what is hidden in the owner’s words', () => {
    expect(answer({ notUnderstood: ['a\u202eb'] })).toContain('a⟨U+202E⟩b');
  });
});
