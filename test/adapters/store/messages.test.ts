import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectPostgres, type Postgres } from '../../../adapters/postgres.ts';
import { createMessageStore, type MessageStore, type OutboundMessage } from '../../../adapters/store/messages.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { makeOwner, type TestOwner } from '../../support/stores.ts';

let database: TestDatabase;
let core: Postgres;
let messages: MessageStore;
let owner: TestOwner;

beforeAll(async () => {
  database = await createTestDatabase();
  core = connectPostgres({ url: database.urlAs('majordomo_core'), env: {} });
  messages = createMessageStore(core);
});
beforeEach(async () => {
  owner = await makeOwner(core);
});
afterAll(async () => {
  await core.close();
  await database.drop();
});

const inbound = (own: Partial<Parameters<MessageStore['insertInbound']>[0]> = {}) =>
  messages.insertInbound({
    ownerId: owner.ownerId,
    butler: 'household',
    channel: 'api',
    address: 'kitchen',
    source: 'api',
    sourceId: 'one',
    body: 'milk',
    ...own,
  });

const notice = (own: Partial<OutboundMessage> = {}) =>
  messages.insertOutbound({
    ownerId: owner.ownerId,
    conversationId: owner.conversationId,
    butler: 'household',
    kind: 'notice',
    body: 'Something happened.',
    persona: '🧺 Basil',
    dedupeKey: randomUUID(),
    ...own,
  });

const list = (afterSeq = 0) => messages.listOutbound({ ownerId: owner.ownerId, afterSeq, limit: 100 });

describe('insertInbound', () => {
  it('records a message once per source and id', async () => {
    const [one, two] = await Promise.all([inbound(), inbound()]);
    expect(new Set([one.duplicate, two.duplicate])).toEqual(new Set([false, true]));
    expect(one).toMatchObject({ messageId: two.messageId, conversationId: two.conversationId, conflict: false });
    expect(await messages.getMessage(one.messageId)).toMatchObject({
      ownerId: owner.ownerId,
      direction: 'inbound',
      kind: 'text',
      status: 'received',
      body: 'milk',
    });
  });

  it('keeps one conversation per chat', async () => {
    const one = await inbound();
    expect((await inbound({ sourceId: 'two' })).conversationId).toBe(one.conversationId);
    expect((await inbound({ sourceId: 'three', address: 'garden' })).conversationId).not.toBe(one.conversationId);
  });

  it('reports the same id with other words, or in another chat, and keeps the first', async () => {
    const { messageId } = await inbound();
    expect(await inbound({ body: 'eggs' })).toMatchObject({ messageId, duplicate: true, conflict: true });
    expect(await inbound({ address: 'garden' })).toMatchObject({ messageId, duplicate: true, conflict: true });
    expect(await messages.getMessage(messageId)).toMatchObject({ body: 'milk' });
  });

  it('knows half a character again', async () => {
    await inbound({ body: 'milk \ud83e' });
    expect(await inbound({ body: 'milk \ud83e' })).toMatchObject({ duplicate: true, conflict: false });
  });

  it('keeps owners apart', async () => {
    const one = await inbound();
    const other = await makeOwner(core);
    expect(await inbound({ ownerId: other.ownerId })).toMatchObject({ duplicate: false });
    expect(await messages.getMessage(one.messageId)).toMatchObject({ ownerId: owner.ownerId });
    expect(await messages.getMessage(randomUUID())).toBeNull();
  });
});

describe('insertOutbound', () => {
  it('says a thing once', async () => {
    const first = await notice({ dedupeKey: 'answer:1' });
    expect(await notice({ dedupeKey: 'answer:1', body: 'Something else.' })).toEqual(first);
    expect(await list()).toMatchObject([{ id: first.messageId, body: 'Something happened.', persona: '🧺 Basil' }]);
  });

  it('numbers messages in the order of their commits', async () => {
    let seen = 0;
    const reader = (async () => {
      for (let found = 0; found < 40; ) {
        const fresh = await list(seen);
        found += fresh.length;
        seen = fresh.at(-1)?.seq ?? seen;
      }
    })();
    await Promise.all(Array.from({ length: 40 }, () => notice()));
    await reader;
    expect(await list(seen)).toEqual([]);
  });

  it('holds a notice back until its time, and shows it to readers that had passed it', async () => {
    const showAfter = new Date(Date.now() + 400);
    const held = await notice({ showAfter });
    const { messageId } = await notice();
    const [shown] = await list();
    expect([shown?.id, (await list()).length]).toEqual([messageId, 1]);
    await expect
      .poll(() => list(shown?.seq), { timeout: 10_000 })
      .toMatchObject([{ id: held.messageId, status: 'sent' }]);
    expect(Date.now()).toBeGreaterThanOrEqual(showAfter.getTime());
    expect((await list()).map((message) => message.id)).toEqual([messageId, held.messageId]);
  });

  it('lists one conversation, or all of an owner, and none of another', async () => {
    const { conversationId } = await inbound();
    const here = await notice({ conversationId });
    await notice();
    const one = await messages.listOutbound({ ownerId: owner.ownerId, conversationId, afterSeq: 0, limit: 10 });
    expect(one.map((message) => message.id)).toEqual([here.messageId]);
    expect(await list()).toHaveLength(2);
    const other = await makeOwner(core);
    expect(await messages.listOutbound({ ownerId: other.ownerId, conversationId, afterSeq: 0, limit: 10 })).toEqual([]);
  });
});

describe('markStatus', () => {
  it('lets an answer stand', async () => {
    const { messageId } = await inbound();
    await messages.markStatus(messageId, 'failed');
    expect(await messages.getMessage(messageId)).toMatchObject({ status: 'failed' });
    await messages.markStatus(messageId, 'answered');
    await messages.markStatus(messageId, 'failed');
    expect(await messages.getMessage(messageId)).toMatchObject({ status: 'answered' });
  });
});
