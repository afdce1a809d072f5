import { afterAll, beforeAll, expect, it } from 'vitest';
import { DatabaseUnavailable } from '../../adapters/postgres.ts';
import { createMessageStore } from '../../adapters/store/messages.ts';
import { createTelegramDoor } from '../../api/telegram/door.ts';
import { eventually, startHouse, type TestHouse } from '../support/house.ts';
import { createWorld, type World } from './world.ts';

const me = 4711;
let house: TestHouse;
let world: World;
beforeAll(async () => {
  house = await startHouse();
  world = await createWorld({ house });
});
afterAll(async () => {
  await world.close();
  await house.close();
});

/** A purchase that was ordered, and waits for the owner's word. */
async function order(thing: string): Promise<string> {
  await house.say(thing);
  const { id } = await house.openGate();
  await house.decide(id, 'approve');
  return eventually(async () => {
    const found = (await house.purchases()).find(({ approval_id }) => approval_id === id);
    expect(found?.status).toBe('ordered');
    return found?.id ?? '';
  });
}

it('takes a /bought that Telegram brings again for the purchase that it was about', async () => {
  const replies: string[] = [];
  let cut = true;
  const messages = createMessageStore(house.core);
  const door = createTelegramDoor({
    house: world.deps,
    telegram: {
      ownerId: house.owner.ownerId,
      bot: '7000000001',
      accounts: new Set([me]),
      answer: async () => undefined,
      approvals: house.approvals,
      messages: {
        openConversation: (chat) => messages.openConversation(chat),
        insertOutbound: async (message) => {
          // The api dies between the word and the reply.
          if (cut) throw new DatabaseUnavailable('away', new Error('away'));
          replies.push(message.body);
          return messages.insertOutbound(message);
        },
      },
    },
  });
  const update = {
    update_id: 990_001,
    message: { message_id: 990_001, from: { id: me }, chat: { id: me, type: 'private' }, text: '/bought 3.50' },
  };
  const first = await order('1 kg plums');
  await expect(door(update)).rejects.toThrow('unavailable');
  const second = await order('2 l oil');
  cut = false;
  await door(update);
  expect(replies).toEqual(['Noted: bought for 3.50 EUR.']);
  const after = new Map((await house.purchases()).map((purchase) => [purchase.id, purchase]));
  expect(after.get(first)).toMatchObject({ status: 'bought', actual_minor: 350 });
  expect(after.get(second)).toMatchObject({ status: 'ordered' });
});
