import { createServer } from 'node:net';
import { inspect } from 'node:util';
import { once } from 'node:events';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createTelegram } from '../../adapters/telegram/index.ts';
import { shortened } from '../../adapters/telegram/texts.ts';
import { type BotApi, startBotApi } from '../../cli/demo/bot-api/client.ts';
import { longestCallbackData, longestTelegramText, readTap, writeTap } from '../../contracts/telegram.ts';

const token = '7000000001:AAH-very-secret-token';
const ownerId = 4711;
const signal = new AbortController().signal;

let api: BotApi;
let messageId: number;

beforeAll(async () => {
  api = await startBotApi({ token, ownerId });
  ({ message_id: messageId } = await api.write({ text: 'milk' }));
});
afterEach(async () => {
  await api.clear();
  await api.listen(true);
});
afterAll(() => api.stop());

const telegram = (timeoutMs = 5_000) => createTelegram({ token, apiRoot: api.api, timeoutMs });
const post = (text: string) => telegram().send({ chatId: ownerId, text }, signal);
const shown = async (id: number) => (await api.state()).messages.find((each) => each.message_id === id);
const said = async (text: string) => (await api.state()).messages.filter((each) => each.text === text).length;

/** What was thrown, with all that hangs on it. */
async function thrown(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    () => expect.fail('It did not throw.'),
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({ name: 'TelegramFailure', kind: 'unknown' });
  return inspect(error, { depth: 9, showHidden: true });
}

describe('a post', () => {
  it('is one message, with its buttons and what it answers', async () => {
    const buttons = [
      { text: 'Approve', data: 'y:1' },
      { text: 'Reject', data: 'n:1' },
    ];
    const sent = await telegram().send({ chatId: ownerId, text: 'Buy *milk*?', buttons, replyTo: messageId }, signal);
    expect(sent).toMatchObject({ done: true });
    expect(await shown(sent.done ? sent.messageId : 0)).toMatchObject({
      text: 'Buy *milk*?',
      reply_to: messageId,
      buttons: [
        { text: 'Approve', callback_data: 'y:1' },
        { text: 'Reject', callback_data: 'n:1' },
      ],
    });
  });

  it('goes as a document above 4096 UTF-16 units, whole, with its buttons', async () => {
    const exact = `${'a'.repeat(longestTelegramText - 2)}🥛`;
    expect(await post(exact)).toMatchObject({ done: true });
    expect(await said(exact)).toBe(1);
    const long = `The list\n${'ä🥛'.repeat(2_000)}\nthe end`;
    const buttons = [{ text: 'Approve', data: 'y:1' }];
    const sent = await telegram().send({ chatId: ownerId, text: long, buttons }, signal);
    const file = await shown(sent.done ? sent.messageId : 0);
    expect(file?.document).toEqual({ name: 'message.txt', content: long });
    expect(file?.text).toMatch(/^The list\n.*…\nthe end$/su);
    expect(file?.buttons).toHaveLength(1);
  });

  it('that a later edit finds as a document gets another caption', async () => {
    const sent = await post(`List\n${'x'.repeat(5_000)}`);
    const id = sent.done ? sent.messageId : 0;
    const edit = { chatId: ownerId, messageId: id, text: 'List\napproved' };
    expect(await telegram().edit(edit, signal)).toEqual({ done: true, messageId: id });
    expect(await telegram().edit(edit, signal)).toEqual({ done: true, messageId: id });
    expect(await shown(id)).toMatchObject({ text: 'List\napproved', buttons: [] });
  });
});

describe('an edit', () => {
  it('takes the buttons away, and the same edit twice is one', async () => {
    const sent = await telegram().send(
      { chatId: ownerId, text: 'Buy?', buttons: [{ text: 'Approve', data: 'y' }] },
      signal,
    );
    const edit = { chatId: ownerId, messageId: sent.done ? sent.messageId : 0, text: 'Buy? approved' };
    expect(await telegram().edit(edit, signal)).toMatchObject({ done: true });
    expect(await telegram().edit(edit, signal)).toMatchObject({ done: true });
    expect(await shown(edit.messageId)).toMatchObject({ text: 'Buy? approved', before: ['Buy?'], buttons: [] });
  });

  it('of a message that is not there is refused for good', async () => {
    expect(await telegram().edit({ chatId: ownerId, messageId: 999_999, text: 'x' }, signal)).toEqual({
      done: false,
      retryAfterMs: null,
      detail: 'editMessageText: 400 Bad Request: message to edit not found',
    });
  });
});

describe('a reaction', () => {
  it('takes the place of the one before', async () => {
    for (const emoji of ['👀', '👍', '👾'] as const) {
      expect(await telegram().react({ chatId: ownerId, messageId, emoji }, signal)).toEqual({ done: true, messageId });
    }
    expect((await shown(messageId))?.reactions).toEqual(['👀', '👍', '👾']);
  });

  it('that the chat does not allow is refused for good', async () => {
    await api.fault('setMessageReaction', { kind: 'answer', code: 400, description: 'Bad Request: REACTION_INVALID' });
    expect(await telegram().react({ chatId: ownerId, messageId, emoji: '👀' }, signal)).toMatchObject({
      done: false,
      retryAfterMs: null,
      detail: expect.stringContaining('REACTION_INVALID'),
    });
  });
});

describe('what goes wrong', () => {
  it('before a connection stands is certain, and may be tried again', async () => {
    await api.listen(false);
    const refused = { done: false, retryAfterMs: 1_000, detail: expect.stringContaining('ECONNREFUSED') };
    expect(await post('unsent')).toEqual(refused);
    await api.listen(true);
    expect(await said('unsent')).toBe(0);
    const elsewhere = createTelegram({ token, apiRoot: 'http://nowhere.invalid' });
    expect(await elsewhere.send({ chatId: ownerId, text: 'x' }, signal)).toMatchObject({
      done: false,
      retryAfterMs: 1_000,
      detail: expect.stringMatching(/ENOTFOUND|EAI_AGAIN/u),
    });
  });

  it('in the TLS handshake is certain too, by time as well', async () => {
    const silent = createServer();
    silent.listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const address = silent.address();
    const apiRoot = `https://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`;
    const late = createTelegram({ token, apiRoot, timeoutMs: 200 });
    expect(await late.send({ chatId: ownerId, text: 'x' }, signal)).toMatchObject({ done: false, retryAfterMs: 1_000 });
    silent.on('connection', (socket) => socket.end('no TLS'));
    const foreign = createTelegram({ token, apiRoot });
    expect(await foreign.send({ chatId: ownerId, text: 'x' }, signal)).toMatchObject({
      done: false,
      retryAfterMs: 1_000,
    });
    silent.close();
  });

  it('by flood control says when to come back', async () => {
    await api.fault('sendMessage', { kind: 'answer', code: 429, retry_after: 7, description: 'Too Many Requests' });
    expect(await post('flood')).toMatchObject({ done: false, retryAfterMs: 7_000 });
    await api.fault('sendMessage', { kind: 'answer', code: 429 });
    expect(await post('flood')).toMatchObject({ done: false, retryAfterMs: 1_000 });
    expect(await said('flood')).toBe(0);
  });

  it.each([401, 404])('with %i, which is about the token, may be tried again', async (code) => {
    await api.fault('sendMessage', { kind: 'answer', code });
    expect(await post('early')).toMatchObject({ done: false, retryAfterMs: 1_000 });
  });

  it.each([400, 403])('with %i is refused for good', async (code) => {
    await api.fault('sendMessage', { kind: 'answer', code });
    expect(await post('refused')).toMatchObject({ done: false, retryAfterMs: null });
  });

  it.each([500, 502, 302])('with %i is not known', async (code) => {
    await api.fault('sendMessage', { kind: 'answer', code });
    expect(await thrown(post('maybe'))).toContain('sendMessage');
  });

  it.each(['lost', 'garbage'] as const)('after it was done (%s) is not known, and it is there once', async (kind) => {
    await api.fault('sendMessage', { kind });
    const text = `it was ${kind}`;
    await thrown(post(text));
    expect(await said(text)).toBe(1);
  });

  it('when the connection is cut or nothing comes back is not known', async () => {
    await api.fault('sendMessage', { kind: 'reset' });
    expect(await thrown(post('cut'))).toContain('may have been done');
    await api.fault('sendMessage', { kind: 'hang' }, 2);
    const late = { chatId: ownerId, text: 'late' };
    expect(await thrown(telegram(200).send(late, signal))).toContain('may have been done');
    expect(await thrown(telegram().send(late, AbortSignal.timeout(200)))).toContain('may have been done');
  });

  it('never shows the token', async () => {
    const errors: string[] = [];
    for (const kind of ['reset', 'garbage', 'lost'] as const) {
      await api.fault('sendMessage', { kind });
      errors.push(await thrown(post('secret')));
    }
    await api.fault('sendMessage', { kind: 'answer', code: 500, description: `upstream /bot${token}/sendMessage` });
    errors.push(await thrown(post('secret')));
    await api.fault('sendMessage', { kind: 'answer', code: 403, description: `no /bot${token}/` });
    errors.push(inspect(await post('secret'), { depth: 9 }));
    await api.listen(false);
    errors.push(inspect(await post('secret'), { depth: 9 }));
    expect(errors.join('\n')).not.toContain('very-secret');
  });
});

describe('a button', () => {
  it('carries verb, id and code in at most 64 bytes, and is read again', () => {
    const code = fc.stringMatching(/^[0-9A-Z-]{1,39}$/u);
    fc.assert(
      fc.property(
        fc.uuid(),
        fc.constantFrom('approve' as const, 'reject' as const),
        code,
        (approvalId, verdict, of) => {
          const data = writeTap({ approvalId, verdict, code: of });
          expect(Buffer.byteLength(data)).toBeLessThanOrEqual(longestCallbackData);
          expect(readTap(data)).toEqual({ approvalId, verdict, code: of });
        },
      ),
    );
  });

  it('of any other text is none', () => {
    fc.assert(fc.property(fc.string(), (data) => readTap(data) === null || /^[yn]:/u.test(data)));
  });
});

describe('a text that is too long', () => {
  it('is cut to the limit, between characters', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '\n', '🥛'), maxLength: 400 }),
        fc.integer({ min: 8, max: 200 }),
        (text, most) => {
          const cut = shortened(text, most);
          return cut.length <= most && cut.isWellFormed() === text.isWellFormed();
        },
      ),
    );
  });
});
