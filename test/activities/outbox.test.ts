import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { longestTelegramText, readTap } from '../../contracts/telegram.ts';
import { openOutbox, type Outbox } from '../support/outbox.ts';
import { ask, addChat } from '../support/stores.ts';
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
afterEach(async () => {
  await chats.api.clear();
  await chats.api.listen(true);
  await outbox.close();
});
afterAll(() => chats.stop());

const texts = async (of: Chat = chat) => (await of.said()).map(({ text }) => text);
const down = () => {
  throw new Error('Postgres is away.');
};

describe('what goes to a chat', () => {
  it('is everything said in it, and what was said elsewhere unless it is an answer', async () => {
    const { messageId, conversationId } = await outbox.hear('milk');
    await outbox.say('in the chat', { kind: 'answer', conversationId, inReplyTo: messageId });
    await outbox.say('elsewhere', { kind: 'answer' });
    await outbox.say('a list', { kind: 'list' });
    expect((await outbox.rows()).map(({ kind }) => kind)).toEqual(['reaction', 'message', 'message']);
    await outbox.drain();
    expect(await texts()).toEqual(['in the chat', 'a list']);
    const [said] = await chat.said();
    expect(said?.reply_to).toBe((await chat.messages())[0]?.message_id);
  });

  it('goes to the chat that it was said in, and from elsewhere to the first one', async () => {
    const second = await chats.open();
    await addChat(outbox.core, outbox.owner.ownerId, second.chatId);
    const { ownerId } = outbox.owner;
    const place = { ownerId, butler: 'household', channel: 'telegram', address: String(second.chatId) };
    const { conversationId } = await outbox.messages.insertInbound({
      ...place,
      source: 'telegram',
      sourceId: '1',
      body: 'eggs',
    });
    await outbox.say('for the second', { conversationId });
    await outbox.say('for all');
    await outbox.drain();
    expect(await texts()).toEqual(['for all']);
    expect(await outbox.deliveries.dueAccounts()).toHaveLength(1);
  });

  it('is nothing where the owner has no account, or none any more', async () => {
    const without = await openOutbox(null);
    await without.say('unheard');
    expect(await without.rows()).toEqual([]);
    await without.close();
    await outbox.say('too late');
    await outbox.core.query("UPDATE core.owner_accounts SET status = 'inactive' WHERE id = $1", [outbox.accountId]);
    await outbox.say('nobody is there');
    expect(await outbox.rows()).toHaveLength(1);
    await outbox.drain();
    expect(await texts()).toEqual([]);
  });

  it('is said once, however often it is written', async () => {
    for (const _ of [1, 2, 3]) await outbox.say('once', { dedupeKey: 'the same' });
    await outbox.drain();
    expect(await texts()).toEqual(['once']);
  });

  it('waits while quiet hours hold it, and keeps nobody waiting', async () => {
    const held = await outbox.say('later', { showAfter: new Date(Date.now() + 1_500) });
    await outbox.say('now');
    await outbox.drain();
    expect(await texts()).toEqual(['now']);
    expect(await outbox.deliveries.dueAccounts()).toEqual([]);
    await expect.poll(() => outbox.deliveries.dueAccounts(), { timeout: 5_000 }).toHaveLength(1);
    await outbox.drain();
    expect(await texts()).toEqual(['now', 'later']);
    expect(await outbox.messages.getMessage(held)).toMatchObject({ status: 'sent' });
  });

  it('goes as a document when it is long', async () => {
    const long = 'flour, '.repeat(longestTelegramText);
    await outbox.say(long);
    await outbox.drain();
    expect((await chat.said())[0]?.document?.content).toBe(long);
  });
});

describe('the order', () => {
  it('is that of saying, and one that is refused does not stop the next', async () => {
    const ids: string[] = [];
    for (const body of ['one', 'two', 'three', 'four']) ids.push(await outbox.say(body));
    await outbox.step();
    await chats.api.fault('sendMessage', { kind: 'answer', code: 400, description: 'Bad Request: no' });
    await outbox.drain();
    expect(await texts()).toEqual(['one', 'three', 'four']);
    expect(await outbox.row(ids[1] ?? '')).toMatchObject({
      status: 'refused',
      settled: true,
      detail: expect.stringContaining('400'),
    });
    expect(await outbox.shown(ids[1] ?? '')).toBe('refused');
  });

  it('leaves a chat alone for as long as a flood limit says, with edits too', async () => {
    const approval = await outbox.ask('Buy milk?');
    await outbox.drain();
    const first = await outbox.say('first');
    await outbox.say('second');
    await chats.api.fault('sendMessage', {
      kind: 'answer',
      code: 429,
      description: 'Too Many Requests: retry after 7',
      retry_after: 7,
    });
    await outbox.drain();
    expect(await outbox.row(first)).toMatchObject({ status: 'waiting', number: 1 });
    const { retryMs } = await outbox.row(first);
    expect(retryMs).toBeGreaterThan(5_000);
    expect(retryMs).toBeLessThanOrEqual(7_000);
    expect(await outbox.deliveries.dueAccounts()).toEqual([]);
    await outbox.approvals.decide(approval.id, await ask(outbox, approval.id, 'reject'));
    expect(await outbox.deliveries.dueAccounts()).toEqual([]);
    await outbox.drain();
    expect(await texts()).toEqual(['Buy milk?']);
    await outbox.hurry();
    await outbox.drain();
    expect(await texts()).toEqual([expect.stringContaining('Rejected'), 'first', 'second']);
  });

  it.each([
    [401, 'Unauthorized'],
    [404, 'Not Found'],
  ])('holds while the token is not the right one (%s), and loses nothing', async (code, description) => {
    const approval = await outbox.ask('Buy milk?');
    await outbox.drain();
    await outbox.approvals.decide(approval.id, await ask(outbox, approval.id, 'reject'));
    const id = await outbox.say('patience');
    for (const method of ['sendMessage', 'editMessageText'] as const) {
      await chats.api.fault(method, { kind: 'answer', code, description });
    }
    await outbox.drain();
    expect(await outbox.row(id)).toMatchObject({ status: 'waiting', settled: false });
    await outbox.hurry();
    await outbox.drain();
    expect(await texts()).toEqual([expect.stringContaining('Rejected'), 'patience']);
  });

  it('holds while Telegram cannot be reached, with longer and longer pauses', async () => {
    const id = await outbox.say('patience');
    await chats.api.listen(false);
    for (const atLeast of [900, 1_800, 3_600]) {
      await outbox.hurry();
      await outbox.drain();
      expect((await outbox.row(id)).retryMs).toBeGreaterThan(atLeast - 500);
    }
    await chats.api.listen(true);
    await outbox.hurry();
    await outbox.drain();
    expect(await texts()).toEqual(['patience']);
    expect(await outbox.shown(id)).toBe('delivered');
  });
});

describe('a message is sent at most once', () => {
  it.each(['lost', 'garbage', 'reset', 'hang'] as const)(
    'when its answer is lost (%s): unknown, said so, and the next goes',
    async (kind) => {
      const impatient = await chats.open();
      const other = await openOutbox({ ...chat, port: (await chats.open(500)).port });
      expect(impatient.chatId).not.toBe(chat.chatId);
      const id = await other.say('once');
      await other.say('next');
      await chats.api.fault('sendMessage', { kind });
      await other.drain();
      const arrived = kind === 'lost' || kind === 'garbage' ? ['once'] : [];
      expect(await texts()).toEqual([...arrived, 'next']);
      expect(await other.row(id)).toMatchObject({ status: 'unknown', settled: true });
      expect(await other.shown(id)).toBe('unknown');
      await other.hurry();
      await other.drain();
      expect(await texts()).toEqual([...arrived, 'next']);
      await other.close();
    },
  );

  it('killed before the claim, or with it: sent by the next try', async () => {
    await outbox.say('before');
    await outbox.drain(outbox.broken({ deliveries: { ...outbox.deliveries, claim: down } }));
    expect(await texts()).toEqual([]);
    await outbox.hurry();
    await outbox.drain(outbox.broken({ deliveries: { ...outbox.deliveries, startSending: down } }));
    expect(await texts()).toEqual([]);
    await outbox.hurry();
    await outbox.drain();
    expect(await texts()).toEqual(['before']);
  });

  it('killed once it may have left: unknown', async () => {
    const id = await outbox.say('perhaps');
    const { deliveries } = outbox;
    const dies = async (ref: Parameters<typeof deliveries.startSending>[0]) => (
      await deliveries.startSending(ref), down()
    );
    await outbox.drain(outbox.broken({ deliveries: { ...deliveries, startSending: dies } }));
    await outbox.hurry();
    await outbox.drain();
    expect(await texts()).toEqual([]);
    expect(await outbox.row(id)).toMatchObject({
      status: 'unknown',
      settled: true,
      detail: 'The send did not report back.',
    });
  });

  it('after it was sent and before that was written down: the flow writes it down', async () => {
    const id = await outbox.say('said');
    const deaf = outbox.broken({ deliveries: { ...outbox.deliveries, record: async () => down() } });
    await outbox.drain({ ...outbox.activities, deliver: (ref) => deaf.deliver(ref) });
    expect(await texts()).toEqual(['said']);
    expect(await outbox.row(id)).toMatchObject({ status: 'delivered', settled: true });
  });

  it('by a process that was frozen past its lease: it finds that it lost it', async () => {
    const brief = await openOutbox(chat, { leaseMs: 1 });
    await brief.say('late');
    const ref = await brief.deliveries.next(brief.accountId);
    if (ref === null) throw new Error('Nothing is due.');
    expect(await brief.deliveries.claim(ref, 1)).toBe(true);
    await expect.poll(() => brief.deliveries.dueAccounts()).toHaveLength(1);
    expect(await brief.deliveries.startSending(ref)).toBe(false);
    expect(await brief.deliveries.next(brief.accountId)).toEqual({ ...ref, number: 2 });
    expect(await brief.deliveries.claim(ref, 5_000)).toBe(false);
    await brief.close();
  });
});

describe('a card', () => {
  const only = async () => {
    const [card, ...more] = await chat.said();
    if (card === undefined || more.length > 0) throw new Error('There is not exactly one message.');
    return card;
  };

  it('has buttons that decide, as long as the question is open', async () => {
    const approval = await outbox.ask('Buy milk?');
    await outbox.drain();
    const { text, buttons } = await only();
    expect(text).toBe('Buy milk?');
    const code = outbox.codes.codeOf(approval.id, approval.codeKeyId);
    expect(buttons.map(({ callback_data }) => readTap(callback_data))).toEqual([
      { approvalId: approval.id, verdict: 'approve', code },
      { approvalId: approval.id, verdict: 'reject', code },
    ]);
  });

  it.each(['approve', 'reject'] as const)(
    'says that it was decided elsewhere (%s), once, and loses its buttons',
    async (verdict) => {
      const approval = await outbox.ask('Buy milk?');
      await outbox.drain();
      await outbox.approvals.decide(approval.id, await ask(outbox, approval.id, verdict));
      expect(await outbox.deliveries.dueAccounts()).toHaveLength(1);
      await outbox.drain();
      expect(await outbox.deliveries.dueAccounts()).toEqual([]);
      const card = await only();
      expect(card.buttons).toEqual([]);
      expect(card.before).toEqual(['Buy milk?']);
      expect(card.text).toMatch(
        verdict === 'approve' ? /^Buy milk\?\n\n✅ Approved by key \S{8} via api at \S+Z\.$/u : /❌ Rejected by key/u,
      );
    },
  );

  it('says that its question expired', async () => {
    const approval = await outbox.ask('Buy milk?', 200);
    await outbox.drain();
    await expect.poll(async () => (await outbox.approvals.expire(approval.id))?.status).toBe('expired');
    await outbox.drain();
    expect(await only()).toMatchObject({ text: expect.stringContaining('⌛ Expired'), buttons: [] });
  });

  it('says that its question is withdrawn', async () => {
    const approval = await outbox.ask('Buy milk?');
    await outbox.drain();
    await outbox.approvals.cancel(approval.id, 'Something else.');
    await outbox.drain();
    expect(await only()).toMatchObject({ text: expect.stringContaining('🚫 Withdrawn: Something else.'), buttons: [] });
  });

  it('that is late says how it was decided, and has no buttons', async () => {
    const approval = await outbox.ask('Buy milk?');
    await outbox.approvals.decide(approval.id, await ask(outbox, approval.id, 'reject'));
    await outbox.drain();
    expect(await only()).toMatchObject({ text: expect.stringContaining('Rejected'), buttons: [], before: [] });
  });

  it('too long for a message has no buttons: who decides must see it whole', async () => {
    await outbox.ask('flour, '.repeat(longestTelegramText));
    await outbox.drain();
    const { document, buttons } = await only();
    expect(document?.content).toContain('too long for buttons');
    expect(buttons).toEqual([]);
  });

  it('is edited again when nobody knows whether it was, and left when it cannot be', async () => {
    const approval = await outbox.ask('Buy milk?');
    await outbox.drain();
    await outbox.approvals.decide(approval.id, await ask(outbox, approval.id, 'reject'));
    await chats.api.fault('editMessageText', { kind: 'lost' });
    await outbox.drain();
    expect((await only()).before).toHaveLength(1);
    await outbox.hurry();
    await chats.api.fault('editMessageText', {
      kind: 'answer',
      code: 400,
      description: "Bad Request: message can't be edited",
    });
    await outbox.drain();
    expect((await only()).before).toHaveLength(1);
    const { rows } = await outbox.core.query('SELECT status, settled FROM core.deliveries');
    expect(rows).toEqual([{ status: 'delivered', settled: true }]);
  });
});

describe("the owner's own message", () => {
  const reactions = async () => (await chat.messages()).map((message) => message.reactions);

  it.each([
    ['answered', '👍'],
    ['failed', '👾'],
  ] as const)('carries 👀, and then, %s, %s', async (status, emoji) => {
    const { messageId } = await outbox.hear('milk');
    await outbox.drain();
    expect(await reactions()).toEqual([['👀']]);
    await outbox.messages.markStatus(messageId, status);
    await outbox.drain();
    expect(await reactions()).toEqual([['👀', emoji]]);
    expect(await outbox.row(messageId)).toMatchObject({ status: 'delivered', settled: true, shows: emoji });
    expect(await outbox.shown(messageId)).toBe(null);
  });

  it('keeps its reaction out of the way of what is said', async () => {
    await outbox.hear('milk');
    await chats.api.fault('setMessageReaction', { kind: 'reset' });
    await outbox.say('Noted.');
    await outbox.drain();
    expect(await texts()).toEqual(['Noted.']);
    await outbox.hurry();
    await outbox.drain();
    expect((await reactions())[0]).toEqual(['👀']);
  });

  it('goes without where reactions are not taken', async () => {
    await chats.api.fault(
      'setMessageReaction',
      { kind: 'answer', code: 400, description: 'Bad Request: REACTION_INVALID' },
      2,
    );
    const first = await outbox.hear('milk');
    await outbox.hear('eggs');
    await outbox.drain();
    await outbox.messages.markStatus(first.messageId, 'answered');
    await outbox.drain();
    expect(await reactions()).toEqual([[], []]);
    expect(outbox.warnings).toEqual(['Telegram does not take the reactions that show how a message fares.']);
    expect(await outbox.row(first.messageId)).toMatchObject({ status: 'refused', settled: true });
  });
});
