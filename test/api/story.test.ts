import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually, startHouse, type TestHouse } from '../support/house.ts';
import { createWorld, type TestCaller, type World } from './world.ts';

let house: TestHouse;
let world: World;
let owner: TestCaller;
let stranger: TestCaller;

beforeAll(async () => {
  house = await startHouse();
  world = await createWorld({ house });
  owner = await world.caller();
  stranger = await world.caller();
});
afterAll(async () => {
  await world.close();
  await house.close();
});

const get = (path: string) => world.call('GET', `/api/v1${path}`, { as: owner });
const post = (path: string, body: unknown) => world.call('POST', `/api/v1${path}`, { as: owner, body });

async function pendingGate(): Promise<{ id: string }> {
  return eventually(async () => {
    const { json } = await get('/approvals?status=pending');
    expect(json.approvals).toHaveLength(1);
    return json.approvals[0];
  });
}

describe('groceries over REST', () => {
  it('goes from need to bought, and says at any time where each item is and why', async () => {
    const sent = await post('/messages', {
      text: "we're out of milk and eggs, and get 2 kg flour",
      source_id: 'story',
    });
    expect(sent).toMatchObject({ status: 202, json: { status: 'accepted', duplicate: false } });

    const gate = await pendingGate();
    const card = await eventually(async () => {
      const said = await get(`/messages?conversation=${sent.json.conversation_id}`);
      const found = said.json.messages.find((message: { kind: string }) => message.kind === 'card');
      expect(found?.approval_id).toBe(gate.id);
      return found;
    });

    const shown = await get(`/approvals/${gate.id}`);
    expect(card.text).toContain(shown.json.approval.card);
    expect(shown.json.code).toMatch(/^\w{4}-\w{4}-\w{4}$/);

    const detail = await get(`/messages/${sent.json.message_id}`);
    expect(detail.json.items.map((item: { title: string }) => item.title).sort()).toEqual(['eggs', 'flour', 'milk']);
    const flour = detail.json.items.find((item: { title: string }) => item.title === 'flour');
    expect(flour).toMatchObject({ stage: 'bought', stage_state: 'open', quantity: '2 kg' });

    const word = { stage: 'bought', verdict: 'bought', amount: '8.12' };
    const evidence = `/pipelines/items/${flour.id}/evidence`;
    expect((await post(evidence, word)).json.type).toBe('/problems/not-ordered');

    const decisionId = randomUUID();
    const decided = await post(`/approvals/${gate.id}/decide`, {
      verdict: 'approve',
      decision_id: decisionId.toUpperCase(),
    });
    expect(decided).toMatchObject({
      status: 200,
      json: { status: 'approved', decided_by: `key:${owner.keyId}`, decided_via: 'api' },
    });
    const again = await post(`/approvals/${gate.id}/decide`, { verdict: 'approve', decision_id: decisionId });
    expect(again.status).toBe(200);
    const late = await post(`/approvals/${gate.id}/decide`, { verdict: 'reject' });
    expect(late).toMatchObject({
      status: 409,
      json: { type: '/problems/already-decided', outcome: { by: `key:${owner.keyId}`, via: 'api' } },
    });

    await eventually(async () =>
      expect((await get(`/pipelines/items/${flour.id}`)).json.purchase.status).toBe('ordered'),
    );
    expect((await post(evidence, { ...word, currency: 'USD' })).json.errors[0].pointer).toBe('/currency');
    expect((await post(evidence, { ...word, amount: '8.123' })).json.errors[0].pointer).toBe('/amount');
    expect((await post(evidence, word)).status).toBe(202);
    expect((await post(evidence, word)).status).toBe(202);
    const second = await post(evidence, { stage: 'bought', verdict: 'not_bought' });
    expect(second).toMatchObject({
      status: 409,
      json: { type: '/problems/already-confirmed', outcome: { status: 'bought', by: `key:${owner.keyId}` } },
    });

    await eventually(async () => {
      const { json: board } = await get('/pipelines/groceries/board');
      expect(board.stages.at(-1).counts).toEqual({ open: 0, claimed: 0, done: 3 });
      expect(board.sums).toMatchObject({ items_in: 3, by_stage: 3, conserved: true });
    });

    const { json: timeline } = await get(`/pipelines/items/${flour.id}/timeline`);
    const events = timeline.entries.map(({ kind, event, stage }: Record<string, string>) =>
      [kind, stage, event].filter(Boolean).join(' '),
    );
    expect(events).toEqual(
      expect.arrayContaining([
        'message received',
        'stage captured done',
        'approval requested',
        'approval asked',
        'approval approved',
        'approval executed',
        'intent delivered',
        'attempt receipt',
        'receipt delivered',
        'purchase bought bought',
        'stage bought done',
      ]),
    );
    for (const entry of timeline.entries.filter(({ event }: { event: string }) => event === 'done')) {
      expect(entry.evidence.value).toBeTypeOf('object');
    }
  });

  it("is another owner's business for nobody", async () => {
    const { rows } = await world.core.query<{ item: string; message: string; approval: string }>(
      `SELECT (SELECT id FROM core.pipeline_items LIMIT 1) AS item, (SELECT id FROM core.messages LIMIT 1) AS message,
         (SELECT id FROM core.approvals LIMIT 1) AS approval`,
    );
    const { item, message, approval } = rows[0] ?? {};
    const as = stranger;
    for (const path of [
      `/messages/${message}`,
      `/pipelines/items/${item}`,
      `/pipelines/items/${item}/timeline`,
      `/approvals/${approval}`,
    ]) {
      expect((await world.call('GET', `/api/v1${path}`, { as })).json.type).toBe('/problems/not-found');
    }
    const body = { stage: 'bought', verdict: 'not_bought' };
    expect((await world.call('POST', `/api/v1/pipelines/items/${item}/evidence`, { as, body })).status).toBe(404);
    expect(
      (await world.call('POST', `/api/v1/approvals/${approval}/decide`, { as, body: { verdict: 'approve' } })).status,
    ).toBe(404);
    expect((await world.call('GET', '/api/v1/messages', { as })).json.messages).toEqual([]);
    expect((await world.call('GET', '/api/v1/approvals', { as })).json.approvals).toEqual([]);
    expect((await world.call('GET', '/api/v1/pipelines/groceries/board', { as })).json.sums.items_in).toBe(0);
  });

  it('explains an item whose history is gone', async () => {
    const { json: board } = await get('/pipelines/groceries/board');
    const [item] = board.stages.at(-1).items;
    const before = await get(`/pipelines/items/${item.id}/timeline`);
    await eventually(async () =>
      expect((await get(`/pipelines/items/${item.id}`)).json.workflow.history).toBe('closed'),
    );
    const { runId } = await world.temporal.client.workflow.getHandle(item.id).describe();
    await world.temporal.connection.workflowService.deleteWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId: item.id, runId },
    });
    await eventually(
      async () => expect((await get(`/pipelines/items/${item.id}`)).json.workflow.history).toBe('gone'),
      90_000,
    );
    expect((await get(`/pipelines/items/${item.id}/timeline`)).json).toEqual(before.json);
    expect((await get(`/pipelines/items/${item.id}`)).json.item).toMatchObject({ status: 'done', stage: 'bought' });
  }, 120_000);

  it('merges what is the same and keeps the sum', async () => {
    await post('/messages', { text: 'rice 1 kg', source_id: 'rice-1' });
    await post('/messages', { text: 'rice 500 g', source_id: 'rice-2' });
    await eventually(async () => {
      const { json } = await get('/pipelines/groceries/board');
      expect(json.sums).toMatchObject({ merged: 1, conserved: true });
      const open = json.stages
        .flatMap((stage: { items: unknown[] }) => stage.items)
        .find((item: { title: string }) => item.title === 'rice');
      expect(open.quantity).toBe('1.5 kg');
      const { json: detail } = await get(`/pipelines/items/${open.id}`);
      expect(detail.parts.map((part: { quantity: string }) => part.quantity)).toEqual(['1 kg', '500 g']);
      const merged = await get(`/pipelines/items/${detail.parts[1].id}`);
      expect(merged.json).toMatchObject({ item: { status: 'merged', merged_into: open.id, quantity: '500 g' } });
    });
  });

  it('keeps a decision for which nobody is there, and applies it once somebody is', async () => {
    const gate = await eventually(async () => {
      const found = await pendingGate();
      const { json } = await get(`/approvals/${found.id}`);
      expect(json.approval.card).toContain('1.5 kg');
      return found;
    });
    await house.stopWorker();
    const decided = await post(`/approvals/${gate.id}/decide`, { verdict: 'reject', feedback: 'not this week' });
    expect(decided).toMatchObject({ status: 202, json: { status: 'recorded' } });
    await house.restartWorker();
    await eventually(async () => {
      const { json } = await get(`/approvals/${gate.id}`);
      expect(json.approval).toMatchObject({
        status: 'rejected',
        feedback: 'not this week',
        decided_by: `key:${owner.keyId}`,
      });
      expect(json.code).toBeNull();
    });
  });
});
