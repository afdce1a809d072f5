import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createGateCodes } from '../../adapters/gate-code.ts';
import { createApprovalStore } from '../../adapters/store/approvals.ts';
import { makeOwner, openGate, type TestOwner } from '../support/stores.ts';
import { createWorld, type TestCaller, type World } from './world.ts';

let world: World;
let owner: TestOwner;
let decider: TestCaller;
let reader: TestCaller;

beforeAll(async () => {
  world = await createWorld();
  owner = await makeOwner(world.core);
  decider = await world.caller({ ownerId: owner.ownerId });
  reader = await world.caller({ ownerId: owner.ownerId, scopes: ['approvals:read'] });
});
afterAll(() => world.close());

const stores = () => ({ approvals: createApprovalStore(world.core), codes: createGateCodes(world.keyring), owner });
const decide = (id: string, body: object, as = decider) =>
  world.call('POST', `/api/v1/approvals/${id}/decide`, { as, body });

describe('approvals', () => {
  it('shows the code to keys that may decide, and to no others', async () => {
    const { approval, code } = await openGate(stores());
    const path = `/api/v1/approvals/${approval.id}`;
    expect((await world.call('GET', path, { as: decider })).json.code).toBe(code);
    const { json, text } = await world.call('GET', path, { as: reader });
    expect(json.code).toBeNull();
    expect(text).not.toContain(code);
    expect((await decide(approval.id, { verdict: 'approve' }, reader)).json).toMatchObject({
      type: '/problems/missing-scope',
      scope: 'approvals:decide',
    });
  });

  it('answers a gate whose time is over from Postgres, and records nothing', async () => {
    const { approval } = await openGate(stores(), { expiresAfterMs: 0 });
    const { status, json } = await decide(approval.id, { verdict: 'approve' });
    expect([status, json.type]).toEqual([410, '/problems/expired']);
    const events = await world.deps.approvals.events(approval.id);
    expect(events.map(({ event }) => event)).toEqual(['requested']);
  });

  it('says who decided a closed gate, how and when', async () => {
    const { approval } = await openGate(stores());
    const decision = { decisionId: randomUUID(), verdict: 'reject' as const };
    const approver = `key:${decider.keyId}`;
    await world.deps.approvals.recordAsked({
      approvalId: approval.id,
      ownerId: owner.ownerId,
      approver,
      via: 'api',
      feedback: null,
      ...decision,
    });
    await stores().approvals.decide(approval.id, decision);
    const { status, json } = await decide(approval.id, { verdict: 'approve' });
    expect(status).toBe(409);
    expect(json).toMatchObject({
      type: '/problems/already-decided',
      outcome: { status: 'rejected', by: approver, via: 'api', at: expect.any(String) },
    });
    expect((await decide(approval.id, { verdict: 'reject', decision_id: decision.decisionId })).status).toBe(200);
  });

  it('records the wish for a gate whose workflow has not begun', async () => {
    const { approval } = await openGate(stores());
    const { status, json } = await decide(approval.id, { verdict: 'approve' });
    expect([status, json.status]).toEqual([202, 'recorded']);
    const events = await world.deps.approvals.events(approval.id);
    expect(events.map(({ event }) => event)).toEqual(['requested', 'asked']);
  });

  it('gives pages from new to old without a gap', async () => {
    const other = await makeOwner(world.core);
    const as = await world.caller({ ownerId: other.ownerId });
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) ids.unshift((await openGate({ ...stores(), owner: other })).approval.id);
    const seen: string[] = [];
    let after = '';
    do {
      const { json } = await world.call('GET', `/api/v1/approvals?limit=2${after && `&after=${after}`}`, { as });
      seen.push(...json.approvals.map(({ id }: { id: string }) => id));
      after = json.next ?? '';
    } while (after !== '');
    expect(seen).toEqual(ids);
  });
});
