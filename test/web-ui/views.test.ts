import { afterAll, beforeAll, expect, it } from 'vitest';
import { createSmtpMailer } from '../../adapters/smtp.ts';
import { workflowIds } from '../../contracts/names.ts';
import { type View, viewQuery } from '../../contracts/web-ui.ts';
import { eventually, startHouse, type TestHouse } from '../support/house.ts';
import { startSmtpSink } from '../support/smtp-sink.ts';

let shop: Awaited<ReturnType<typeof startSmtpSink>>;
let house: TestHouse;
beforeAll(async () => {
  shop = await startSmtpSink({});
  const from = 'house@home.example';
  house = await startHouse({
    groceries: {
      channel: 'email',
      shopEmail: 'orders@shop.example',
      deadlines: { capturedWithinMs: 60_000, boughtWithinMs: 300 },
    },
    mail: { mailer: createSmtpMailer({ host: '127.0.0.1', port: shop.port, secure: 'none', from }), from },
  });
});
afterAll(async () => {
  await house.close();
  await shop.close();
});

/** Ids of what a view lists of this house. */
async function listed(view: View): Promise<string[]> {
  const query = viewQuery(view, { now: new Date(), timezone: 'UTC' });
  const ours = `TaskQueue = '${house.taskQueue}'`;
  const found: string[] = [];
  for await (const { workflowId } of house.client.workflow.list({
    query: query === '' ? ours : `(${query}) AND ${ours}`,
  }))
    found.push(workflowId);
  return found.sort();
}

it('each view lists what its name says', async () => {
  await house.say('2 kg flour');
  const gate = await house.openGate();
  const [item] = await house.items();
  await eventually(async () => expect(await listed('waiting')).toEqual([gate.id]));
  // The list is found by the deadline that has passed, also after the break was told and the item goes on waiting.
  await eventually(async () => expect(await house.said('notice')).not.toBe(''));
  await eventually(async () => expect(await listed('overdue')).toEqual([item?.id]));
  expect(await listed('failed')).toEqual([]);
  expect(await listed('all')).toEqual(expect.arrayContaining([gate.id, item?.id]));

  shop.behave('refuse-recipient');
  await house.decide(gate.id, 'approve');
  const [purchase] = await house.purchases();
  const refused = workflowIds.purchase(purchase?.id ?? '');
  await eventually(async () => expect(await listed('failed')).toEqual([refused]));
  await eventually(async () => expect(await listed('waiting')).not.toContain(gate.id));

  await house.client.workflow.getHandle(item?.id ?? '').terminate();
  await eventually(async () => expect(new Set(await listed('failed'))).toEqual(new Set([refused, item?.id])));
  expect(await listed('overdue')).toEqual([]);
});
