import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderOrder } from '../../contracts/order.ts';

const order = {
  shop: 'the corner shop',
  lines: [
    { name: 'milk', quantity: '2 l' },
    { name: 'eggs', quantity: '10 ×' },
  ],
  purchaseId: '0c4f5a0e-1111-4222-8333-444455556666',
  from: 'Majordomo <house@Home.test>',
};

describe('renderOrder', () => {
  it('writes the order', () => {
    expect(renderOrder(order)).toEqual({
      messageId: '<0c4f5a0e-1111-4222-8333-444455556666.order@home.test>',
      subject: 'Order 0c4f5a0e: 2 items',
      text: `To the corner shop,

please prepare this order:

- 2 l milk
- 10 × eggs

Please answer this message with the total amount, or with what you do not have.
A message that bears the same order number is the same order, not another one.

Order number: 0c4f5a0e-1111-4222-8333-444455556666
`,
    });
  });

  it('has a Message-ID without a sender too', () => {
    expect(renderOrder({ ...order, from: 'nobody' }).messageId).toMatch(/^<[^<>@\s]+@majordomo\.invalid>$/);
  });

  it('keeps every line on one line, whatever its name holds', () => {
    const line = fc.record({ name: fc.string({ unit: 'binary' }), quantity: fc.string({ unit: 'binary' }) });
    fc.assert(
      fc.property(fc.array(line), fc.string({ unit: 'binary' }), (lines, shop) => {
        const { text, subject } = renderOrder({ ...order, shop, lines });
        expect(text.split(/\r\n|[\n\r\u0085\u2028\u2029]/)).toHaveLength(lines.length + 10);
        expect(subject).toMatch(/^Order 0c4f5a0e: \d+ items?$/);
      }),
    );
  });
});
