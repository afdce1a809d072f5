import { afterAll, beforeAll, expect, it } from 'vitest';
import { createOwnerAccountStore } from '../../../adapters/store/owner-accounts.ts';
import { type Chat, type Chats, startChats } from '../../support/telegram.ts';
import { openOutbox, type Outbox } from '../../support/outbox.ts';

let chats: Chats;
let chat: Chat;
let outbox: Outbox;
beforeAll(async () => {
  chats = await startChats();
  chat = await chats.open();
  outbox = await openOutbox(chat);
});
afterAll(async () => {
  await outbox.close();
  await chats.stop();
});

it('leaves to a bot what it has shown: another one would change messages of its own', async () => {
  const accounts = createOwnerAccountStore(outbox.core);
  const settle = (bot: string) => accounts.settle('telegram', [String(chat.chatId)], bot);
  const { messageId } = await outbox.hear('milk');
  await settle('1');
  const said = await outbox.say('Hello');
  await settle('1');
  for (const id of [messageId, said]) expect(await outbox.row(id)).toMatchObject({ settled: false });
  await settle('2');
  expect(await outbox.row(messageId)).toMatchObject({ settled: true, detail: 'Another bot has shown it.' });
  // What was not sent yet goes out by the new one.
  expect(await outbox.row(said)).toMatchObject({ status: 'waiting', settled: false });
});
