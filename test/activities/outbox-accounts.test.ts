import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createOwnerAccountStore } from '../../adapters/store/owner-accounts.ts';
import { openOutbox, type Outbox } from '../support/outbox.ts';
import { ask } from '../support/stores.ts';
import { type Chat, type Chats, startChats } from '../support/telegram.ts';

let chats: Chats;
let chat: Chat;
let outbox: Outbox;

beforeAll(async () => {
  chats = await startChats();
});
beforeEach(async () => {
  chat = await chats.open();
  outbox = await openOutbox(chat);
});
afterEach(() => outbox.close());
afterAll(() => chats.stop());

const texts = async () => (await chat.said()).map(({ text }) => text);

describe('an account', () => {
  const settle = (accounts: readonly Chat[], bot: string | null = '7000000001') =>
    createOwnerAccountStore(outbox.core).settle(
      'telegram',
      accounts.map(({ chatId }) => String(chatId)),
      bot,
    );

  it('that was out of the settings for one start gets what waited, and its cards say what was decided', async () => {
    const approval = await outbox.ask('Buy milk?');
    await outbox.drain();
    const id = await outbox.say('meanwhile');
    await settle([], null);
    await outbox.drain();
    expect(await texts()).toEqual(['Buy milk?']);
    expect(await outbox.shown(id)).toBe('waiting');
    await outbox.approvals.decide(approval.id, await ask(outbox, approval.id, 'reject'));
    await settle([chat]);
    await outbox.drain();
    expect(await texts()).toEqual([expect.stringContaining('Rejected'), 'meanwhile']);
  });

  it('that comes back after more than a day is not told old news, and the house says that it was not', async () => {
    const id = await outbox.say('old news');
    await outbox.core.query("UPDATE core.deliveries SET created_at = now() - interval '25 hours'");
    await settle([chat]);
    await settle([], null);
    await settle([chat]);
    const fresh = await outbox.say('fresh');
    await outbox.drain();
    expect(await texts()).toEqual(['fresh']);
    expect([await outbox.shown(id), await outbox.shown(fresh)]).toEqual(['refused', 'delivered']);
  });

  it('that gets another bot keeps what waits; what the other bot has shown is left alone', async () => {
    await settle([chat]);
    const { messageId } = await outbox.hear('milk');
    const approval = await outbox.ask('Buy milk?');
    await outbox.drain();
    await settle([chat]);
    await outbox.say('waits');
    await settle([chat], '7000000002');
    await outbox.approvals.decide(approval.id, await ask(outbox, approval.id, 'reject'));
    await outbox.messages.markStatus(messageId, 'answered');
    await outbox.drain();
    expect(await texts()).toEqual(['Buy milk?', 'waits']);
    expect((await chat.messages())[0]?.reactions).toEqual(['👀']);
  });
});
