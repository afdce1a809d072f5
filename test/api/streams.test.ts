import { randomUUID } from 'node:crypto';
import { EventSourceParserStream } from 'eventsource-parser/stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGateCodes } from '../../adapters/gate-code.ts';
import { createApprovalStore } from '../../adapters/store/approvals.ts';
import { insertItem, insertRow } from '../support/rows.ts';
import { makeOwner, openGate, type TestOwner } from '../support/stores.ts';
import { createWorld, type TestCaller, type World } from './world.ts';

const board = '/api/v1/pipelines/groceries/board/events';
const gates = '/api/v1/approvals/events';

let world: World;
let owner: TestOwner;
let caller: TestCaller;

beforeAll(async () => {
  world = await createWorld();
  owner = await makeOwner(world.core);
  caller = await world.caller({ ownerId: owner.ownerId });
});
afterAll(() => world.close());

/** An open stream, read event by event. */
async function open(path: string, options: { as?: TestCaller; headers?: Record<string, string>; on?: World } = {}) {
  const { as = caller, headers = {}, on = world } = options;
  const response = await on.app.request(`http://localhost:7780${path}`, {
    headers: { 'x-api-key': as.key, ...headers },
  });
  expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  const events = response.body?.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
  if (events === undefined) throw new Error('The stream has no body.');
  const reader = events.getReader();
  return {
    headers: response.headers,
    async next() {
      const { value, done } = await reader.read();
      if (done) return null;
      return { id: value.id, name: value.event, data: JSON.parse(value.data) };
    },
    close: () => reader.cancel(),
  };
}

const fitsSchema = (name: string, data: unknown) =>
  expect(world.contract.errors({ $ref: `#/components/schemas/${name}` }, data)).toEqual([]);

async function change(ownerId = owner.ownerId): Promise<string> {
  const item = await insertItem(world.core, ownerId, 'household');
  await insertRow(world.core, 'core.stage_events', {
    butler: 'household',
    item_id: item,
    stage: 'need',
    event: 'entered',
  });
  return item;
}
const gate = (of = owner) =>
  openGate({ approvals: createApprovalStore(world.core), codes: createGateCodes(world.keyring), owner: of });

describe('a stream', () => {
  it('begins with an id to come back with, then tells what happens', async () => {
    await change();
    const stream = await open(board);
    expect(stream.headers.get('x-ratelimit-remaining')).toEqual(expect.any(String));
    expect(stream.headers.get('cache-control')).toBe('no-store');
    expect(await stream.next()).toEqual({ id: expect.any(String), name: 'ready', data: {} });
    const item = await change();
    let event = await stream.next();
    // What was committed just before may still be told: another transaction was open then.
    while (event?.data.item_id !== item) event = await stream.next();
    fitsSchema('BoardEvent', event.data);
    expect(event.data).toMatchObject({ kind: 'stage', stage: 'need', event: 'entered' });
    await stream.close();
  });

  it('goes on behind the last id, by header or by query, without a gap', async () => {
    const ids = [await change(), await change(), await change()];
    const whole = await open(`${board}?after=start`);
    expect((await whole.next())?.name).toBe('ready');
    const seen: Array<{ id: string | undefined; item: string }> = [];
    while (seen.at(-1)?.item !== ids[2]) {
      const event = await whole.next();
      seen.push({ id: event?.id, item: event?.data.item_id });
    }
    await whole.close();
    expect(seen.slice(-3).map(({ item }) => item)).toEqual(ids);
    const id = seen.at(-2)?.id ?? '';
    for (const [path, headers] of [
      [`${board}?after=${id}`, {}],
      [`${board}?after=start`, { 'last-event-id': id }],
    ] as const) {
      const resumed = await open(path, { headers });
      expect(await resumed.next()).toMatchObject({ name: 'ready', id });
      expect((await resumed.next())?.data.item_id).toBe(ids[2]);
      await resumed.close();
    }
  });

  it('tells of gates, with their state', async () => {
    const stream = await open(gates);
    await stream.next();
    const { approval } = await gate();
    let event = await stream.next();
    while (event?.data.approval_id !== approval.id) event = await stream.next();
    fitsSchema('ApprovalEvent', event.data);
    expect(event.data).toMatchObject({ event: 'requested', status: 'pending', via: null });
    const body = { verdict: 'approve', decision_id: randomUUID() };
    await world.call('POST', `/api/v1/approvals/${approval.id}/decide`, { as: caller, body });
    expect((await stream.next())?.data).toMatchObject({ event: 'asked', verdict: 'approve', via: 'api' });
    await stream.close();
  });

  it("tells nothing of another owner's", async () => {
    const other = await makeOwner(world.core);
    const mine = await world.caller({ ownerId: other.ownerId });
    const streams = [
      await open(`${board}?after=start`, { as: mine }),
      await open(`${gates}?after=start`, { as: mine }),
    ];
    for (const stream of streams) await stream.next();
    await change();
    await gate();
    const item = await change(other.ownerId);
    const { approval } = await gate(other);
    expect((await streams[0]?.next())?.data.item_id).toBe(item);
    expect((await streams[1]?.next())?.data.approval_id).toBe(approval.id);
    for (const stream of streams) await stream.close();
  });

  it('needs its scope, its chain, and an id of ours', async () => {
    const small = await world.caller({ scopes: ['messages:read'] });
    const refused = async (path: string, as = caller, headers = {}) => {
      const { status, json } = await world.call('GET', path, { as, headers });
      return [status, json.scope ?? json.type];
    };
    expect(await refused(board, small)).toEqual([403, 'pipelines:read']);
    expect(await refused(gates, small)).toEqual([403, 'approvals:read']);
    expect(await refused('/api/v1/pipelines/laundry/board/events')).toEqual([404, '/problems/not-found']);
    const id = (content: unknown) => Buffer.from(JSON.stringify(content)).toString('base64url');
    const { system } = await world.deps.events.now();
    for (const after of [
      'abc',
      id({}),
      id(['1', '1', 1, 1]),
      id([system, '9000000000000', 1, 1]),
      id([system, '-1', 1, 1]),
    ]) {
      expect(await refused(`${gates}?after=${after}`)).toEqual([400, '/problems/validation']);
      expect(await refused(gates, caller, { 'last-event-id': after })).toEqual([400, '/problems/validation']);
    }
    expect(await refused(`${gates}?since=1`)).toEqual([400, '/problems/unknown-field']);
  });

  it('is one of eight of its key; one that is closed makes room', async () => {
    const as = await world.caller();
    const streams = await Promise.all(Array.from({ length: 8 }, () => open(gates, { as })));
    const { status, json } = await world.call('GET', gates, { as });
    expect([status, json.type]).toEqual([429, '/problems/too-many-streams']);
    const neighbourKey = await world.caller({ ownerId: as.ownerId });
    const neighbour = await open(gates, { as: neighbourKey });
    await neighbour.close();
    expect((await world.call('HEAD', gates, { as: neighbourKey })).status).toBe(200);
    await streams[0]?.close();
    const another = await open(gates, { as });
    for (const stream of [...streams.slice(1), another]) await stream.close();
  });
});

describe('the end of a stream', () => {
  it('comes by itself after its time, and is what the document says', async () => {
    const short = await createWorld({ streamMs: 50 });
    const as = await short.caller();
    for (const path of [board, gates]) {
      const { status, text } = await short.call('GET', path, { as });
      expect(status).toBe(200);
      expect(text).toMatch(/^retry: \d+\nevent: ready\nid: [\w-]+\ndata: \{\}\n\n$/);
    }
    await short.close();
  });

  it('comes at once when the process is about to end', async () => {
    const ending = new AbortController();
    const closing = await createWorld({ ending: ending.signal });
    const as = await closing.caller();
    const stream = await open(gates, { as, on: closing });
    await stream.next();
    const end = stream.next();
    ending.abort();
    expect(await end).toBeNull();
    expect((await closing.call('GET', gates, { as })).status).toBe(200);
    await closing.close();
  });

  it.each([
    ['revoked', `UPDATE core.api_keys SET status = 'inactive' WHERE id = $1`],
    ['rotated', `UPDATE core.api_keys SET status = 'superseded' WHERE id = $1`],
    ['over', `UPDATE core.api_keys SET expires_at = now() WHERE id = $1`],
  ])('comes before anything more is told once its key is %s', async (_, statement) => {
    const mine = await makeOwner(world.core);
    const as = await world.caller({ ownerId: mine.ownerId });
    const streams = [await open(board, { as }), await open(gates, { as })];
    for (const stream of streams) expect((await stream.next())?.name).toBe('ready');
    const told = streams.map((stream) => stream.next());
    await world.core.query(statement, [as.keyId]);
    await change(mine.ownerId);
    await gate(mine);
    expect(await Promise.all(told)).toEqual([null, null]);
  });

  it('comes when the database is away, so that its reader asks anew', async () => {
    const cut = await createWorld({
      change: (deps) => ({
        ...deps,
        isDatabaseOutage: () => true,
        events: { ...deps.events, approvals: () => Promise.reject(new Error('away')) },
      }),
    });
    const stream = await open(gates, { as: await cut.caller(), on: cut });
    expect((await stream.next())?.name).toBe('ready');
    expect(await stream.next()).toBeNull();
    await cut.close();
  });
});
