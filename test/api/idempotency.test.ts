import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createWorld, type TestCaller, type World } from './world.ts';

let world: World;
let owner: TestCaller;

beforeAll(async () => {
  world = await createWorld({
    change: (deps) => ({ ...deps, workflows: { ...deps.workflows, admit: () => Promise.resolve() } }),
  });
  owner = await world.caller();
});
afterAll(() => world.close());

/** Every route that starts something, with two bodies that it takes. */
const routes: Record<string, [object, object]> = {
  '/api/v1/messages': [
    { text: 'milk', source_id: 'a' },
    { text: 'eggs', source_id: 'b' },
  ],
  '/api/v1/pipelines/items/{id}/evidence': [
    { stage: 'bought', verdict: 'not_bought' },
    { stage: 'bought', verdict: 'bought', amount: '1.00' },
  ],
  '/api/v1/approvals/{id}/decide': [{ verdict: 'approve' }, { verdict: 'reject' }],
  '/api/v1/keys': [{ name: 'a' }, { name: 'b' }],
  '/api/v1/keys/{id}/rotate': [{}, { old_valid_seconds: 1 }],
};

it.each(Object.entries(routes))(
  '%s answers the same request alike, and refuses another under its key',
  async (path, [body, other]) => {
    const target = path.replace('{id}', randomUUID());
    const headers = { 'idempotency-key': randomUUID() };
    const post = (what: object) => world.call('POST', target, { as: owner, body: what, headers });
    const first = await post(body);
    const again = await post(body);
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([first.status, 'true']);
    expect(await post(other)).toMatchObject({ status: 422, json: { type: '/problems/idempotency-conflict' } });
    const stranger = await world.caller();
    const theirs = await world.call('POST', target, { as: stranger, body: other, headers });
    expect(theirs.headers.get('idempotency-replayed')).toBeNull();
    expect(theirs.status).not.toBe(422);
  },
);

it('is all of the routes that take the header', () => {
  const taking = Object.entries(world.contract.document.paths).filter(([, operations]) =>
    JSON.stringify(operations['post'] ?? {}).includes('"Idempotency-Key"'),
  );
  expect(taking.map(([path]) => path).sort()).toEqual(Object.keys(routes).sort());
});
