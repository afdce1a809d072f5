import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { createEmailChannel } from '../../../adapters/channels/email.ts';
import type { OrderMail } from '../../../adapters/smtp.ts';

it('sends as whom it was approved, and as nobody else', async () => {
  const mails: OrderMail[] = [];
  const channel = createEmailChannel({
    from: 'house@home.example',
    mailer: {
      send: async (mail) => {
        mails.push(mail);
        return { accepted: true, response: '250 ok', messageId: mail.messageId };
      },
      verify: async () => undefined,
    },
  });
  const id = randomUUID();
  const line = {
    item_id: id,
    name: 'flour',
    quantity: '2',
    unit: 'kg',
    base_milli: '2000000',
    base_unit: 'g',
    parts: 1,
  };
  const args = {
    purchase_id: id,
    shop: 'the shop',
    shop_address: 'orders@shop.example',
    currency: 'EUR',
    estimate_minor: 198,
    budget_left_minor: 0,
    lines: [{ ...line, price_minor: 198, estimated: false }],
  };
  const request = { intentId: id, ownerId: id, conversationId: id, args };
  const { signal } = new AbortController();
  const other = await channel.send({ ...request, account: 'other@home.example' }, signal);
  expect(other).toMatchObject({ sent: false, retryable: false });
  expect(mails).toEqual([]);
  expect(await channel.send({ ...request, account: 'house@home.example' }, signal)).toMatchObject({ sent: true });
  expect(mails).toMatchObject([{ to: 'orders@shop.example', from: 'house@home.example' }]);
});
