import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type BotApi, startBotApi } from '../../cli/demo/bot-api/client.ts';
import { eventually } from '../support/house.ts';
import { runHouse, type RunningHouse } from '../support/running-house.ts';

/** Never killed, so it is the oracle of what arrived. */
let api: BotApi;
let house: RunningHouse;

const token = '7000000001:AAH-secret';
const ownerId = 4711;
const patience = 60_000;

beforeAll(async () => {
  api = await startBotApi({ token, ownerId });
  house = await runHouse({
    MAJORDOMO_TELEGRAM_TOKEN: token,
    MAJORDOMO_TELEGRAM_OWNER_ID: String(ownerId),
    MAJORDOMO_TELEGRAM_API_ROOT: api.api,
  });
}, 90_000);
afterAll(async () => {
  await house.stop();
  await api.stop();
}, 30_000);

const said = async (words: string) => (await api.state()).messages.filter(({ text }) => text.includes(words));

it('kills the worker while a card is on the wire: it is unknown, not sent again, and the next one arrives', async () => {
  await api.write({ text: 'hello' });
  await eventually(async () => expect((await api.state()).messages[0]?.reactions.at(-1)).toBe('👍'), patience);
  await api.fault('sendMessage', { kind: 'hang' });
  await house.call('/messages', { text: 'get 1 kg barley', source_id: randomUUID() });
  const sending = await eventually(async () => {
    const { rows } = await house.core.query<{ id: string }>(
      "SELECT message_id AS id FROM core.deliveries WHERE kind = 'message' AND status = 'sending'",
    );
    expect(rows).toHaveLength(1);
    return rows[0]?.id ?? '';
  }, patience);
  await house.kill(['worker']);
  await eventually(async () => {
    const { message } = await house.call<{ message: { delivery: { status: string } } }>(`/messages/${sending}`);
    expect(message.delivery.status).toBe('unknown');
  }, patience);
  expect(await said('barley')).toEqual([]);
  await house.call('/messages', { text: 'get 1 kg oats', source_id: randomUUID() });
  await eventually(async () => expect((await said('oats')).at(-1)?.buttons).toHaveLength(2), patience);
}, 180_000);
