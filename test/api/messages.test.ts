import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { createMessageStore } from '../../adapters/store/messages.ts';
import { createServiceStateStore } from '../../adapters/store/service-states.ts';
import type { ApiMessage } from '../../contracts/api.ts';
import { addChat } from '../support/stores.ts';
import { createWorld, type TestCaller, type World } from './world.ts';

let world: World;
let owner: TestCaller;

beforeAll(async () => {
  world = await createWorld();
  owner = await world.caller();
});
afterAll(() => world.close());

const send = (body: object, headers: Record<string, string> = {}) =>
  world.call('POST', '/api/v1/messages', { as: owner, body, headers });
const list = async (query = '') => (await world.call('GET', `/api/v1/messages${query}`, { as: owner })).json;

describe('messages', () => {
  it('records a message although no worker runs, once per source id', async () => {
    const message = { text: 'milk', source_id: 'one' };
    const first = await send(message);
    expect(first).toMatchObject({ status: 202, json: { status: 'recorded', duplicate: false } });
    const second = await send(message);
    expect(second.json).toEqual({ ...first.json, duplicate: true });
    const other = await send({ ...message, text: 'eggs' });
    expect([other.status, other.json.type]).toEqual([422, '/problems/idempotency-conflict']);
    const elsewhere = await send({ ...message, conversation: 'family' });
    expect(elsewhere.status).toBe(422);
    expect((await list()).messages.map(({ text }: { text: string }) => text)).toEqual(['milk']);
  });

  it('reads on from a cursor, and what quiet hours held back is not passed over', async () => {
    const messages = createMessageStore(world.core);
    const { conversation_id: conversationId } = (await send({ text: 'tea', source_id: 'tea', conversation: 'quiet' }))
      .json;
    const say = (body: string, showAfter: Date | null) =>
      messages.insertOutbound({
        ownerId: owner.ownerId,
        conversationId,
        butler: 'household',
        kind: 'notice',
        body,
        persona: 'Basil',
        dedupeKey: body,
        showAfter,
      });
    await say('held', new Date(Date.now() + 400));
    await say('now', null);
    const query = `?conversation=${conversationId}`;
    const early = await list(query);
    expect(early.messages.map(({ text }: { text: string }) => text)).toEqual(['tea', 'now']);
    await vi.waitFor(async () => {
      const late = await list(`${query}&after=${early.next}`);
      expect(late.messages.map(({ text }: { text: string }) => text)).toEqual(['held']);
    }, 5_000);
  });

  it('reads back from the newest, page by page', async () => {
    const as = await world.caller();
    const sent = ['a', 'b', 'c', 'd', 'e'];
    for (const text of sent) await world.call('POST', '/api/v1/messages', { as, body: { text, source_id: text } });
    const seen: string[] = [];
    let after = 0;
    for (;;) {
      const { json } = await world.call('GET', `/api/v1/messages?order=desc&limit=2&after=${after}`, { as });
      if (json.messages.length === 0) break;
      seen.push(...json.messages.map(({ text }: { text: string }) => text));
      after = json.next;
    }
    expect(seen).toEqual(sent.toReversed());
  });

  it('says how far a message has come on its way to Telegram', async () => {
    const { conversation_id: conversationId } = (await send({ text: 'jam', source_id: 'jam', conversation: 'way' }))
      .json;
    await addChat(world.core, owner.ownerId, 4711);
    const message = {
      ownerId: owner.ownerId,
      conversationId,
      butler: 'household',
      kind: 'notice',
      persona: null,
    } as const;
    const messages = createMessageStore(world.core);
    const { messageId } = await messages.insertOutbound({ ...message, body: 'A notice.', dedupeKey: 'way' });
    const deliveries = async () =>
      (await list(`?conversation=${conversationId}`)).messages.map(
        ({ delivery }: ApiMessage) => delivery?.status ?? null,
      );
    const become = (status: string) =>
      world.core.query(
        `UPDATE core.deliveries SET status = $2, lease_until = now(), provider_message_id = 1 WHERE message_id = $1`,
        [messageId, status],
      );
    expect(await deliveries()).toEqual([null, 'waiting']);
    await become('claimed');
    expect(await deliveries()).toEqual([null, 'waiting']);
    await become('unknown');
    expect(await deliveries()).toEqual([null, 'unknown']);
    const { json } = await world.call('GET', `/api/v1/messages/${messageId}`, { as: owner });
    expect(json.message.delivery).toEqual({ status: 'unknown', at: expect.stringMatching(/Z$/u) });
  });

  it('refuses new messages while the model is held back, and stores nothing', async () => {
    const states = createServiceStateStore(world.core);
    await states.set('model', { status: 'degraded', label: 'claude', untilMs: 30_000 });
    const { status, json, headers } = await send({ text: 'bread', source_id: 'bread' });
    expect([status, json.type]).toEqual([503, '/problems/model-unavailable']);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(25);
    expect((await world.core.query(`SELECT FROM core.messages WHERE source_id = 'bread'`)).rowCount).toBe(0);
    await states.set('model', { status: 'healthy', label: 'claude', untilMs: 0 });
    expect((await send({ text: 'bread', source_id: 'bread' })).status).toBe(202);
  });
});

it('says in its health which reader reads, and until when a model is held back', async () => {
  const states = createServiceStateStore(world.core);
  const model = async () => (await world.call('GET', '/health')).json.services.model;
  await states.set('model', { status: 'degraded', label: 'claude', untilMs: 30_000 });
  expect(await model()).toMatchObject({
    status: 'degraded',
    detail: expect.stringMatching(/^claude; held back for \d+ s$/),
  });
  await states.set('model', { status: 'healthy', label: 'offline', untilMs: 0 });
  expect(await model()).toMatchObject({ status: 'healthy', detail: 'offline' });
});

describe('idempotency-key', () => {
  it('gives the stored answer to the same request, and refuses another', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const body = { text: 'jam', source_id: randomUUID() };
    const first = await send(body, headers);
    const again = await send({ source_id: body.source_id, text: body.text }, headers);
    expect(again.json).toEqual(first.json);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect((await send({ ...body, text: 'honey' }, headers)).json.type).toBe('/problems/idempotency-conflict');
  });

  it('gives a stored problem again as a problem', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const body = { text: 'other words', source_id: 'one' };
    const first = await send(body, headers);
    const again = await send(body, headers);
    expect(again).toMatchObject({ status: 422, json: { type: first.json.type, detail: first.json.detail } });
    expect(again.headers.get('content-type')).toBe('application/problem+json');
    expect(again.headers.get('idempotency-replayed')).toBe('true');
  });

  it('runs one of many at once', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const body = { text: 'salt', source_id: randomUUID() };
    const answers = await Promise.all(Array.from({ length: 6 }, () => send(body, headers)));
    const ran = answers.filter(
      ({ status, headers: got }) => status === 202 && got.get('idempotency-replayed') === null,
    );
    expect(ran).toHaveLength(1);
    const others = answers.filter(({ status }) => status !== 202);
    expect(others.filter(({ json }) => json.type !== '/problems/idempotency-in-progress')).toEqual([]);
  });

  it('keeps nothing of a request that failed inside or met an outage', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const states = createServiceStateStore(world.core);
    await states.set('model', { status: 'degraded', label: 'claude', untilMs: 30_000 });
    const body = { text: 'pepper', source_id: randomUUID() };
    expect((await send(body, headers)).status).toBe(503);
    await states.set('model', { status: 'healthy', label: 'claude', untilMs: 0 });
    expect((await send(body, headers)).status).toBe(202);
  });

  it("is taken over from a caller that died, under the same operation's id", async () => {
    const request = { ownerId: owner.ownerId, key: randomUUID(), requestHash: 'a'.repeat(64) };
    const { idempotency } = world.deps;
    const first = await idempotency.begin({ ...request, leaseMs: 60_000 });
    expect(first.kind).toBe('run');
    expect(await idempotency.begin({ ...request, leaseMs: 60_000 })).toEqual({ kind: 'busy' });
    expect(await idempotency.begin({ ...request, leaseMs: -1 })).toEqual(first);
    expect(await idempotency.begin({ ...request, requestHash: 'b'.repeat(64), leaseMs: -1 })).toEqual({
      kind: 'conflict',
    });
  });
});
