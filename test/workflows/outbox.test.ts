import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { workflowIds, workflowTypes } from '../../contracts/names.ts';
import { startRelay } from '../../workers/relay.ts';
import { eventually, startHouse, type TestHouse, type TestHouseOptions } from '../support/house.ts';
import { type Chat, type Chats, startChats } from '../support/telegram.ts';

let chats: Chats;
let chat: Chat;
let house: TestHouse;

beforeAll(async () => {
  chats = await startChats();
});
beforeEach(async () => {
  chat = await chats.open();
});
afterEach(async () => {
  await chats.api.clear();
  await house.close();
});
afterAll(() => chats.stop());

const open = async (options: TestHouseOptions = {}) => {
  house = await startHouse({ telegram: chat, ...options });
};
const texts = async () => (await chat.said()).map(({ text }) => text);
const write = async (text: string) => house.write(text, await chat.write(text), chat.chatId);
const card = (words: string) =>
  eventually(async () => {
    const found = (await chat.said()).find(({ text }) => text.includes(words));
    if (found === undefined) throw new Error(`Nothing in the chat says “${words}”.`);
    return found;
  });

describe('a chat', () => {
  it('shows how a message fares, answers it, and asks with buttons that the decision takes away', async () => {
    await open();
    await write('2 kg flour');
    await eventually(async () => expect((await chat.messages())[0]?.reactions).toEqual(['👀', '👍']));
    const asked = await card('Buy one thing');
    expect(asked.buttons).toHaveLength(2);
    const gate = await house.openGate();
    await house.decide(gate.id, 'approve');
    const decided = await card('📋 The list went to you.');
    expect(decided).toMatchObject({ message_id: asked.message_id, buttons: [] });
    await card('Shopping list');
    const [answer] = await chat.said();
    expect(answer).toMatchObject({
      text: expect.stringContaining('flour'),
      reply_to: (await chat.messages())[0]?.message_id,
    });
  });

  it('asks again when the list has changed, and says that the first question is withdrawn', async () => {
    await open();
    await house.say('2 kg flour');
    const first = await card('flour — 2 kg');
    await house.say('1 l milk');
    const second = await card('milk');
    expect(second.message_id).not.toBe(first.message_id);
    expect(second.buttons).toHaveLength(2);
    expect(await card('Withdrawn')).toMatchObject({ message_id: first.message_id, buttons: [] });
  });

  it('says that a question expired', async () => {
    await open({ approvalExpiresAfterMs: 1_500 });
    await house.say('2 kg flour');
    expect(await card('⌛ Expired')).toMatchObject({ buttons: [], before: [expect.stringContaining('Buy one thing')] });
  });

  it('gets everything once and in order, also from two relays and when answers of the worker are lost', async () => {
    let lost = 0;
    await open({
      around: async (name, run) => {
        const end = await run();
        if (name === 'deliver' && lost++ % 3 === 0) throw new Error('Lost.');
        return end;
      },
    });
    const second = startRelay({
      deliveries: house.deliveries,
      workflows: house.workflows,
      log: { warn: () => undefined },
      everyMs: 20,
    });
    const wanted = Array.from({ length: 9 }, (_, index) => `number ${index}`);
    for (const text of wanted) await house.notice(text);
    await eventually(async () => expect(await texts()).toEqual(wanted));
    second.stop();
    await eventually(async () => expect(lost).toBe(9));
  });

  it('goes on behind a message of which nobody knows whether it arrived', async () => {
    chat = await chats.open(500);
    await open();
    await chats.api.fault('sendMessage', { kind: 'hang' });
    await house.notice('perhaps');
    await house.notice('certainly');
    await eventually(async () => expect(await texts()).toEqual(['certainly']));
  });

  it('is brought up to date after the worker was away', async () => {
    await open();
    await house.stopWorker();
    await house.notice('meanwhile');
    await house.restartWorker();
    await eventually(async () => expect(await texts()).toEqual(['meanwhile']));
  });
});

describe('a flow that somebody else starts', () => {
  it('shows nothing under another id, and ends where there is no account', async () => {
    await open();
    const begin = (workflowId: string, accountId: unknown) =>
      house.client.workflow.execute(workflowTypes.outbox, {
        workflowId,
        taskQueue: house.taskQueue,
        args: [{ accountId }],
      });
    await expect(begin('mine', house.accountId)).rejects.toMatchObject({ cause: { type: 'Malformed' } });
    const unknown = randomUUID();
    await expect(begin(workflowIds.outbox(unknown), unknown)).resolves.toBeUndefined();
  });
});
