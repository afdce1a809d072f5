import { describe, expect, it } from 'vitest';
import { type Decided, renderDecided } from '../../contracts/decided-card.ts';
import { toolNames } from '../../contracts/names.ts';

const decided: Decided = {
  status: 'approved',
  tool: toolNames.purchaseByEmail,
  decidedBy: 'telegram:4711',
  decidedVia: 'telegram',
  decidedAt: '2026-11-21T12:03:04.567+00:00',
  feedback: null,
};

describe('the line below a card', () => {
  it.each<[Partial<Decided>, string]>([
    [{}, '✅ Approved by you via telegram at 2026-11-21T12:03Z.'],
    [
      { status: 'executing', decidedBy: 'key:018f3a52-7a2e', decidedVia: 'console' },
      '✅ Approved by key 018f3a52 via console at 2026-11-21T12:03Z.',
    ],
    [{ status: 'executed' }, '✅ Approved by you via telegram at 2026-11-21T12:03Z. 📦 Ordered.'],
    [
      { status: 'executed', tool: toolNames.purchaseByOwner },
      '✅ Approved by you via telegram at 2026-11-21T12:03Z. 📋 The list went to you.',
    ],
    [{ status: 'failed' }, '✅ Approved by you via telegram at 2026-11-21T12:03Z. ⚠️ It was not carried out.'],
    [
      { status: 'unknown', decidedBy: 'code', decidedVia: 'signal' },
      '✅ Approved by its code via signal at 2026-11-21T12:03Z. ❔ Nobody knows whether it arrived. It is not sent again: ask the shop, then say which it was.',
    ],
    [{ status: 'rejected' }, '❌ Rejected by you via telegram at 2026-11-21T12:03Z.'],
    [
      { status: 'rejected', feedback: 'too\u202Edear' },
      '❌ Rejected by you via telegram at 2026-11-21T12:03Z. “too⟨U+202E⟩dear”',
    ],
    [{ status: 'expired' }, '⌛ Expired: nobody answered in time, and that means no.'],
    [{ status: 'cancelled', feedback: 'It changed.' }, '🚫 Withdrawn: It changed.'],
    [{ status: 'cancelled' }, '🚫 Withdrawn.'],
  ])('%o', (facts, line) => {
    expect(renderDecided('Buy?', { ...decided, ...facts })).toBe(`Buy?\n\n${line}`);
  });

  it('is not there while the question is open, and stays one short line', () => {
    expect(renderDecided('Buy?', { ...decided, status: 'pending' })).toBe('Buy?');
    const long = renderDecided('Buy?', { ...decided, status: 'rejected', feedback: 'a\n'.repeat(1_000) });
    expect(long.split('\n')).toHaveLength(3);
    expect(long).not.toContain('4711');
  });
});
