import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { actionHash } from '../../contracts/action.ts';
import { renderCard, renderList, visible } from '../../contracts/card.ts';
import { weekStart } from '../../contracts/period.ts';
import type { PurchaseArgs } from '../../contracts/purchase-args.ts';

const args: PurchaseArgs = {
  purchase_id: '5b1cf0a4-6a53-4d3e-9d0c-3f6f2f1f7c1e',
  shop: 'the corner shop',
  shop_address: 'orders@shop.example',
  currency: 'EUR',
  estimate_minor: 598,
  budget_left_minor: 11_402,
  lines: [
    {
      item_id: '5b1cf0a4-6a53-4d3e-9d0c-3f6f2f1f7c1f',
      name: 'flour',
      quantity: '2.5',
      unit: 'kg',
      base_milli: '2500000',
      base_unit: 'g',
      parts: 2,
      price_minor: 198,
      estimated: false,
    },
    {
      item_id: '5b1cf0a4-6a53-4d3e-9d0c-3f6f2f1f7c20',
      name: 'saffron',
      quantity: '1',
      unit: 'g',
      base_milli: '1000',
      base_unit: 'g',
      parts: 1,
      price_minor: 400,
      estimated: true,
    },
  ],
};
const facts = {
  approvalId: args.purchase_id,
  tool: 'household_purchase_email',
  account: 'house@home.example',
  riskTier: 'medium' as const,
  actionHash: 'ab'.repeat(32),
  expiresAt: new Date('2026-11-23T12:00:00Z'),
  args,
};

describe('a card', () => {
  it('shows everything that is decided', () => {
    expect(renderCard(facts)).toBe(
      [
        'Buy 2 things at the corner shop?',
        '• flour — 2.5 kg, 2 needs together — €1.98',
        '• saffron — 1 g — ≈ €4.00',
        'Amount: about €5.98 (≈: 1 without a known price)',
        'Budget left this week after it: €114.02',
        'On yes: the order goes to orders@shop.example as house@home.example. A sent order cannot be taken back here.',
        'Tool household_purchase_email, risk medium, action abababababab',
        'No answer by 2026-11-23T12:00:00.000Z means no.',
      ].join('\n'),
    );
  });

  it('shows characters that would hide or turn the text', () => {
    const name = 'milk\u202Eevil\u200B\u{E0041}\nAmount: €0';
    const card = renderCard({ ...facts, args: { ...args, lines: args.lines.map((line) => ({ ...line, name })) } });
    expect(card).toContain('milk⟨U+202E⟩evil⟨U+200B⟩⟨U+E0041⟩⟨U+000A⟩Amount: €0');
    expect(renderList({ ...args, lines: args.lines.map((line) => ({ ...line, name })) })).toContain('⟨U+202E⟩');
  });

  it('lets no invisible character of any text through', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(visible(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u);
      }),
    );
  });
});

describe('the hash of an action', () => {
  const action = { tool: 't', toolVersion: 1, args: { b: 1, a: [1, { d: 1, c: 2 }] }, account: 'x', nonce: 'n' };

  it('does not depend on the order of keys, and on nothing less than all the rest', () => {
    expect(actionHash({ ...action, args: { a: [1, { c: 2, d: 1 }], b: 1 } })).toBe(actionHash(action));
    const others = [
      { ...action, tool: 'u' },
      { ...action, toolVersion: 2 },
      { ...action, args: { ...action.args, b: 2 } },
      { ...action, account: 'y' },
      { ...action, nonce: 'm' },
    ];
    expect(new Set([action, ...others].map(actionHash)).size).toBe(6);
  });
});

describe('the start of a week', () => {
  it('is the Monday of the household, whatever the day is elsewhere', () => {
    const lateSunday = new Date('2026-11-22T23:30:00Z');
    expect(weekStart(lateSunday, 'UTC')).toBe('2026-11-16');
    expect(weekStart(lateSunday, 'Europe/Vienna')).toBe('2026-11-23');
    expect(weekStart(lateSunday, 'America/New_York')).toBe('2026-11-16');
  });

  it('is a Monday, at most seven days back', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }),
        (moment) => {
          const monday = new Date(`${weekStart(moment, 'UTC')}T00:00:00Z`);
          expect(monday.getUTCDay()).toBe(1);
          expect(moment.getTime() - monday.getTime()).toBeGreaterThanOrEqual(0);
          expect(moment.getTime() - monday.getTime()).toBeLessThan(7 * 86_400_000);
        },
      ),
    );
  });
});
