import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DatabaseUnavailable } from '../../adapters/postgres.ts';
import { createApp } from '../../api/app.ts';
import { createTelegramDoor } from '../../api/telegram/door.ts';
import type { TelegramParts } from '../../api/telegram/ports.ts';
import { telegramRoutes } from '../../api/telegram/webhook.ts';
import { type BotApi, startBotApi } from '../../cli/demo/bot-api/client.ts';
import { serveHttp } from '../../workers/http.ts';
import { openTelegram } from '../../workers/telegram.ts';
import { makeOwner } from '../support/stores.ts';
import { eventually } from '../support/house.ts';
import { createWorld, type World } from './world.ts';

const secret = 'a-secret-of-enough-length';
const me = 4711;

let world: World;
let api: BotApi;
beforeAll(async () => {
  world = await createWorld();
  await makeOwner(world.core);
  api = await startBotApi({ token: '7000000001:AAH-secret', ownerId: me });
});
afterAll(async () => {
  await api.stop();
  await world.close();
});

/** The app with a webhook that does this with updates. */
function appTaking(take: (update: unknown) => Promise<void>) {
  const app = createApp({ ...world.deps, telegramWebhook: { secret, take } });
  return async (headers: Record<string, string>, body: string, path = '/telegram/webhook') => {
    const given = { 'content-type': 'application/json', ...headers };
    const { status } = await app.request(`http://localhost:7780${path}`, { method: 'POST', headers: given, body });
    return status;
  };
}
const signed = { 'x-telegram-bot-api-secret-token': secret };

describe('the webhook', () => {
  it('takes what bears the secret, and nothing else', async () => {
    const taken: unknown[] = [];
    const post = appTaking(async (update) => void taken.push(update));
    expect(await post({}, '{"update_id":1}')).toBe(401);
    expect(await post({ 'x-telegram-bot-api-secret-token': `${secret}x` }, '{"update_id":1}')).toBe(401);
    expect(await post({ 'x-telegram-bot-api-secret-token': '' }, '{"update_id":1}')).toBe(401);
    expect(await post({ ...signed, host: 'evil.example' }, '{"update_id":1}')).toBe(403);
    expect(await post({ ...signed, origin: 'https://evil.example' }, '{"update_id":1}')).toBe(403);
    expect(await post(signed, 'no JSON')).toBe(400);
    expect(await post(signed, `"${'x'.repeat(300_000)}"`)).toBe(413);
    expect(taken).toEqual([]);
    expect(await post({ ...signed, host: 'house.test' }, '{"update_id":1}')).toBe(200);
    expect(taken).toEqual([{ update_id: 1 }]);
  });

  it('answers with success only once the update was taken', async () => {
    const post = appTaking(() => Promise.reject(new DatabaseUnavailable(undefined, new Error('away'))));
    expect(await post(signed, '{"update_id":1}')).toBe(503);
  });

  it('is not there without a bot, and refuses to be there without a secret', async () => {
    const { status } = await world.app.request('http://localhost:7780/telegram/webhook', {
      method: 'POST',
      headers: signed,
    });
    expect(status).toBe(404);
    expect(() => telegramRoutes({ secret: '', take: async () => {} })).toThrow('secret');
  });

  it('is told to Telegram, which brings each update until it was taken', async () => {
    let app = createApp(world.deps);
    const server = await serveHttp((request) => app.fetch(request), { host: '127.0.0.1', port: 0 });
    const url = `http://127.0.0.1:${server.port}/telegram/webhook`;
    const settings = { token: api.token, accounts: [me], apiRoot: api.api, webhook: { url, secret } };
    const telegram = await openTelegram({ settings, core: world.core, house: world.deps });
    telegram.start();
    await eventually(async () => expect((await api.state()).webhook).toBe(url));
    await api.write({ text: 'milk' });
    await api.write({ text: 'eggs' });
    expect((await api.state()).pending).toBe(2);
    app = createApp(telegram.joined(world.deps));
    await eventually(async () => expect((await api.state()).pending).toBe(0));
    const { rows } = await world.core.query<{ body: string }>(
      "SELECT body FROM core.messages WHERE source = 'telegram' ORDER BY seq",
      [],
    );
    expect(rows.map(({ body }) => body)).toEqual(['milk', 'eggs']);
    await telegram.stop();
    await server.stop();
  });
});

describe('the door', () => {
  const refused: unknown[] = [];
  const silent: TelegramParts = {
    ownerId: '018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e10',
    bot: '7000000001',
    accounts: new Set([me]),
    answer: async () => {},
    messages: { openConversation: async () => 'chat', insertOutbound: async () => ({}) },
    approvals: { recordRefused: async (press) => refused.push(press) > 0 },
  };

  it('never fails over an update, whatever it holds, and hears nobody but the owner', async () => {
    const heard: string[] = [];
    const messages = {
      insertInbound: async ({ address, body }: { address: string; body: string }) => {
        heard.push(`${address} ${body}`);
        return { messageId: 'm', conversationId: 'c', duplicate: true, conflict: true };
      },
    };
    const door = createTelegramDoor({ house: { ...world.deps, messages }, telegram: silent });
    const id = fc.oneof(fc.constantFrom(me, 666, -100), fc.integer(), fc.double());
    const chat = fc.oneof(fc.record({ id, type: fc.constantFrom('private', 'group', 'channel') }), fc.anything());
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('/status', '/approvals', '/x', '/'),
      fc.anything(),
    );
    const from = fc.oneof(fc.record({ id }), fc.anything());
    const message = fc.oneof(fc.record({ message_id: id, chat, from, text }, { requiredKeys: [] }), fc.anything());
    const query = fc.record({
      id: fc.string(),
      from,
      message,
      data: fc.oneof(fc.string(), fc.constant('y:AAAAAAAAAAAAAAAAAAAAAA:0')),
    });
    const update = fc.oneof(
      fc.record(
        { update_id: id, message, edited_message: message, callback_query: query },
        { requiredKeys: ['update_id'] },
      ),
      fc.anything(),
    );
    await fc.assert(
      fc.asyncProperty(update, (raw) => door(raw)),
      { numRuns: 300 },
    );
    expect(heard.filter((line) => !line.startsWith(`${me} `))).toEqual([]);
  });

  it('asks for the update again as long as the database is away, and gives one up that fails without end', async () => {
    let error: Error = new DatabaseUnavailable(undefined, new Error('away'));
    const lines: string[] = [];
    const note = (facts: object, message: string) => void lines.push(`${message} ${JSON.stringify(facts)}`);
    const messages = { insertInbound: () => Promise.reject(error) };
    const door = createTelegramDoor({
      house: { ...world.deps, messages, log: { info: () => undefined, warn: note, error: note } },
      telegram: silent,
    });
    const from = { id: me };
    const update = {
      update_id: 7,
      message: { message_id: 1, from, chat: { id: me, type: 'private' }, text: 'caviar' },
    };
    for (let time = 0; time < 10; time += 1) await expect(door(update)).rejects.toThrow('unavailable');
    error = new TypeError('caviar is not a function');
    await expect(door(update)).rejects.toThrow(TypeError);
    await expect(door(update)).rejects.toThrow(TypeError);
    await expect(door(update)).resolves.toBeUndefined();
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('left out');
    expect(lines[0]).toContain('TypeError');
    expect(lines[0]).not.toContain('caviar');
  });
});
