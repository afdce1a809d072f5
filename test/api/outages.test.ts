import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createGateCodes } from '../../adapters/gate-code.ts';
import { DatabaseUnavailable } from '../../adapters/postgres.ts';
import { createApprovalStore } from '../../adapters/store/approvals.ts';
import { workflowIds } from '../../contracts/names.ts';
import { freePorts } from '../../cli/supervisor/ports.ts';
import { eventually, startHouse, type TestHouse } from '../support/house.ts';
import { type Relay, startRelay } from '../support/relay.ts';
import { makeOwner, openGate } from '../support/stores.ts';
import { createWorld, type World } from './world.ts';

/** A server that takes connections and never says a word. */
let silent: Server;
let silentPort: number;
let closedPort: number;

beforeAll(async () => {
  [silentPort = 0, closedPort = 0] = await freePorts(2);
  silent = createServer((socket) => void socket.on('error', () => undefined)).listen(silentPort, '127.0.0.1');
  await once(silent, 'listening');
});
afterAll(() => silent.close());

const key = { headers: { 'x-api-key': `mj_${'A'.repeat(43)}` } };
const message = { text: 'milk', source_id: 'a' };

describe.each([
  ['refuses connections', () => closedPort],
  ['does not answer', () => silentPort],
])('a database that %s', (_what, port) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld({ databaseUrl: `postgres://nobody@127.0.0.1:${port()}/none?sslmode=disable` });
  });
  afterAll(() => world.close());

  it('makes writes 503 within 5 s, with a word when to come back', async () => {
    const started = Date.now();
    const { status, json, headers, text } = await world.call('POST', '/api/v1/messages', { ...key, body: message });
    expect([status, json.type]).toEqual([503, '/problems/database-unavailable']);
    expect(headers.get('retry-after')).toMatch(/^\d+$/);
    expect(text).not.toContain(String(port()));
    expect(Date.now() - started).toBeLessThan(5_000);
  });

  it('makes the house unhealthy, quickly', async () => {
    const started = Date.now();
    const { status, json } = await world.call('GET', '/health');
    expect([status, json.status, json.services.postgres.status]).toEqual([503, 'unhealthy', 'unhealthy']);
    expect(json.degraded_features).toContain('everything');
    expect(Date.now() - started).toBeLessThan(3_000);
    expect((await world.call('GET', '/ready')).status).toBe(503);
    expect((await world.call('GET', '/live')).status).toBe(200);
  });
});

it('a database that falls silent under way makes a repeatable write 503 without another wait', async () => {
  const world = await createWorld({
    change: (deps) => ({
      ...deps,
      messages: { insertInbound: () => Promise.reject(new DatabaseUnavailable(undefined, undefined)) },
      idempotency: { ...deps.idempotency, release: () => new Promise(() => undefined) },
    }),
  });
  const as = await world.caller();
  const headers = { 'idempotency-key': randomUUID() };
  const { status, json } = await world.call('POST', '/api/v1/messages', { as, body: message, headers });
  expect([status, json.type]).toEqual([503, '/problems/database-unavailable']);
  await world.close();
}, 5_000);

describe.each([
  ['refuses connections', () => closedPort],
  ['does not answer', () => silentPort],
])('a Temporal that %s', (_what, port) => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld({ temporalAddress: `127.0.0.1:${port()}` });
  });
  afterAll(() => world.close());

  it('loses no message: it is recorded', async () => {
    const owner = await world.caller();
    const sent = await world.call('POST', '/api/v1/messages', { as: owner, body: message });
    expect(sent).toMatchObject({ status: 202, json: { status: 'recorded' } });
    const { json } = await world.call('GET', `/api/v1/messages/${sent.json.message_id}`, { as: owner });
    expect(json.message).toMatchObject({ text: 'milk', status: 'received' });
  });

  it('loses no decision: the wish is recorded, and a repeat is the same one', async () => {
    const owner = await makeOwner(world.core);
    const as = await world.caller({ ownerId: owner.ownerId });
    const stores = { approvals: createApprovalStore(world.core), codes: createGateCodes(world.keyring), owner };
    const { approval } = await openGate(stores);
    const path = `/api/v1/approvals/${approval.id}`;
    const body = { verdict: 'approve', decision_id: randomUUID() };
    const decide = () => world.call('POST', `${path}/decide`, { as, body });
    expect(await decide()).toMatchObject({ status: 202, json: { status: 'recorded' } });
    expect(await decide()).toMatchObject({ status: 202, json: { status: 'recorded' } });
    expect(await stores.approvals.unanswered(approval.id)).toMatchObject([{ verdict: 'approve' }]);
    expect((await world.call('GET', path, { as })).json.approval.status).toBe('pending');
  });

  it('makes the house unhealthy, and names what waits', async () => {
    const { status, json } = await world.call('GET', '/api/v1/health');
    expect([status, json.services.temporal.status, json.services.postgres.status]).toEqual([
      503,
      'unhealthy',
      'healthy',
    ]);
    expect(json.degraded_features).toEqual(expect.arrayContaining(['decisions', 'understanding messages']));
  });
});

describe('a Temporal that was away for a moment', () => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse();
  });
  afterAll(() => house.close());

  /** Doors that find nobody at Temporal's address until `back()`. */
  async function awayFor() {
    const [port = 0] = await freePorts(1);
    const world = await createWorld({ house, temporalAddress: `127.0.0.1:${port}` });
    const as = await world.caller({ ownerId: house.owner.ownerId });
    let relay: Relay | undefined;
    return {
      call: (method: string, path: string, body?: object) =>
        world.call(method, `/api/v1${path}`, { as, ...(body && { body }) }),
      back: async () => {
        relay = await startRelay(port, inject('temporalAddress'));
      },
      close: async () => {
        await world.close();
        await relay?.close();
      },
    };
  }

  it('gets the message, the decision and the confirmation, and no reconcile is needed', async () => {
    const { call, back, close } = await awayFor();
    const sent = await call('POST', '/messages', { text: 'milk', source_id: randomUUID() });
    expect(sent.json.status).toBe('recorded');
    await back();
    const gate = await house.openGate();
    await close();

    const second = await awayFor();
    const decided = await second.call('POST', `/approvals/${gate.id}/decide`, { verdict: 'approve' });
    expect(decided).toMatchObject({ status: 202, json: { status: 'recorded' } });
    await second.back();
    await eventually(async () => expect((await house.purchases()).at(-1)?.status).toBe('ordered'));
    await second.close();
    await eventually(async () => {
      const [purchase] = await house.purchases();
      const { raw } = await house.client.workflow.getHandle(workflowIds.purchase(purchase?.id ?? '')).describe();
      expect([raw.pendingActivities, raw.pendingWorkflowTask]).toEqual([[], null]);
    });

    const third = await awayFor();
    const [item] = await house.items();
    const word = { stage: 'bought', verdict: 'bought', amount: '1.29' };
    expect((await third.call('POST', `/pipelines/items/${item?.id}/evidence`, word)).status).toBe(202);
    await third.back();
    await eventually(async () => expect((await house.items()).at(0)?.status).toBe('done'));
    await third.close();
  }, 60_000);
});

describe('a house without a worker', () => {
  it('is degraded: everything is kept, and waits', async () => {
    const world = await createWorld();
    const { status, json } = await world.call('GET', '/health');
    expect([status, json.status, json.services.worker.status]).toEqual([200, 'degraded', 'unhealthy']);
    expect((await world.call('GET', '/ready')).status).toBe(200);
    await world.close();
  });
});
