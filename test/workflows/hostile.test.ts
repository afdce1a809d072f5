import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { decideSignal, nudgeSignal } from '../../contracts/messages.ts';
import { workflowIds, workflowTypes } from '../../contracts/names.ts';
import { eventually, startHouse, type TestHouse, type TestHouseOptions } from '../support/house.ts';

let house: TestHouse;
const others: TestHouse[] = [];
beforeEach(async () => {
  house = await startHouse();
});
afterEach(async () => {
  await Promise.all([house, ...others.splice(0)].map((each) => each.close()));
});

async function another(options: TestHouseOptions): Promise<TestHouse> {
  const started = await startHouse(options);
  others.push(started);
  return started;
}

const startIn = (where: TestHouse, type: string, workflowId: string, argument: unknown) =>
  where.client.workflow.start(type, { workflowId, taskQueue: where.taskQueue, args: [argument] });
const start = (type: string, workflowId: string, argument: unknown) => startIn(house, type, workflowId, argument);

const onlyPurchase = async (where: TestHouse = house) => {
  const [purchase, ...more] = await where.purchases();
  if (purchase === undefined || more.length > 0) {
    throw new Error('There is not exactly one purchase.');
  }
  return purchase;
};

const untilPurchaseIs = (status: string, where: TestHouse = house) =>
  eventually(async () => {
    const purchase = await onlyPurchase(where);
    expect(purchase.status).toBe(status);
    return purchase;
  });

const failure = (handle: WorkflowHandle) =>
  handle.result().then(
    () => 'completed',
    (error: { cause?: { type?: string } }) => error.cause?.type,
  );

const line = {
  item_id: randomUUID(),
  name: 'flour',
  quantity: '2',
  unit: 'kg',
  base_milli: '2000000',
  base_unit: 'g',
  parts: 1,
  price_minor: 198,
  estimated: false,
};

async function runsOf(workflowId: string): Promise<string[]> {
  const runs = [];
  for await (const run of house.client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
    runs.push(run.status.name);
  }
  return runs;
}

describe('a flow that somebody starts by hand', () => {
  it('ends at once under an id that is not its own', async () => {
    const { messageId, conversationId } = await house.say('2 kg flour');
    const gate = await house.openGate();
    const purchase = await onlyPurchase();
    const { ownerId } = house.owner;
    const itemId = (await house.items())[0]?.id;
    const inputs: [string, unknown][] = [
      [workflowTypes.purchase, { purchaseId: purchase.id, ownerId }],
      [workflowTypes.approval, { approvalId: gate.id, requesterWorkflowId: 'nobody', expiresAt: '', expiresInMs: 1 }],
      [workflowTypes.item, { itemId, ownerId, chain: { name: 'groceries', stages: [] } }],
      [workflowTypes.message, { messageId, ownerId }],
      [workflowTypes.conversation, { conversationId, ownerId, waiting: [messageId], messageDeadlineMs: 1 }],
    ];
    for (const [type, input] of inputs) {
      expect([type, await failure(await start(type, randomUUID(), input))]).toEqual([type, 'Malformed']);
    }
    expect((await house.approvals.get(gate.id))?.status).toBe('pending');
  });

  it.each(Object.values(workflowTypes).filter((type) => type !== workflowTypes.reconcile))(
    'ends at once on an input of no form that it knows: %s',
    async (type) => {
      const huge = { purchaseId: 'x'.repeat(100_000), approvalId: 'x', itemId: 1, messageId: [], conversationId: {} };
      for (const input of [undefined, null, 'x', {}, huge]) {
        expect(await failure(await start(type, randomUUID(), input))).toBe('Malformed');
      }
    },
  );

  it('cannot finish an item with a chain of its own, nor speak in its name', async () => {
    await house.say('2 kg flour');
    await house.openGate();
    const itemId = (await house.items())[0]?.id ?? '';
    await house.client.workflow.getHandle(itemId).terminate('an operator');
    const stage = (name: string) => ({
      name,
      actor: 'owner',
      deadlineMs: 1,
      evidence: 'owner',
      invariant: '',
      nextAction: 'Pay the thief.',
      onBreak: 'Pay the thief.',
    });
    const chain = {
      name: 'groceries',
      butler: 'household',
      persona: { name: 'Thief', emoji: '🦝' },
      stages: ['captured', 'bought', 'need'].map(stage),
    };
    await house.core.query(`UPDATE core.pipeline_items SET stage = 'need', deadline = now() WHERE id = $1`, [itemId]);
    await start(workflowTypes.item, itemId, { itemId, ownerId: house.owner.ownerId, chain });
    await eventually(async () => expect((await house.items())[0]?.stage).not.toBe('need'));
    expect((await house.items())[0]).toMatchObject({ status: 'open', stage: 'bought' });
    await house.client.workflow.getHandle(itemId).signal(nudgeSignal);
    expect(await house.said('notice')).not.toContain('thief');
  });
});

describe('a forged signal', () => {
  it('does not withdraw a question', async () => {
    await house.say('2 kg flour');
    const gate = await house.openGate();
    const handle = house.client.workflow.getHandle(gate.id);
    await handle.signal('withdraw');
    await house.client.workflow.getHandle(gate.id).query('state');
    await house.decide(gate.id, 'approve');
    expect(await handle.result()).toMatchObject({ status: 'approved' });
    await untilPurchaseIs('ordered');
  });

  it('in a flood does not keep the owner from deciding', async () => {
    await house.say('2 kg flour');
    const gate = await house.openGate();
    const handle = house.client.workflow.getHandle(gate.id);
    await Promise.all(
      Array.from({ length: 40 }, () => handle.signal(decideSignal, { decisionId: randomUUID(), verdict: 'approve' })),
    );
    await house.decide(gate.id, 'reject');
    expect(await handle.result()).toMatchObject({ status: 'rejected', decidedBy: house.owner.approver });
  });

  it('in a flood does not fill the history of a gate, which goes on', async () => {
    await house.say('2 kg flour');
    const gate = await house.openGate();
    const handle = house.client.workflow.getHandle(gate.id);
    for (let count = 0; count < 30; count++) {
      await handle.signal(decideSignal, { decisionId: randomUUID(), verdict: 'approve' });
    }
    await eventually(async () => expect(await runsOf(gate.id)).toContain('CONTINUED_AS_NEW'));
    await house.decide(gate.id, 'reject');
    expect(await handle.result()).toMatchObject({ status: 'rejected', decidedBy: house.owner.approver });
  });

  it('in a flood does not fill the history of a purchase, which goes on', async () => {
    await house.say('2 kg flour');
    await house.decide((await house.openGate()).id, 'approve');
    const purchase = await untilPurchaseIs('ordered');
    const handle = house.client.workflow.getHandle(workflowIds.purchase(purchase.id));
    for (let count = 0; count < 30; count++) {
      await handle.signal(nudgeSignal);
    }
    await eventually(async () => expect(await runsOf(handle.workflowId)).toContain('CONTINUED_AS_NEW'));
    await house.confirm(purchase.id, 250);
    await eventually(async () => expect(await house.reservations()).toMatchObject([{ status: 'settled' }]));
    const { rows } = await house.core.query('SELECT number FROM core.attempts');
    expect(rows).toEqual([{ number: 1 }]);
  });
});

describe('a purchase that an operator stopped', () => {
  it('leaves no second question open when the owner adds to the list', async () => {
    await house.say('2 kg flour');
    const first = await house.openGate();
    const purchase = await onlyPurchase();
    await house.client.workflow.getHandle(workflowIds.purchase(purchase.id)).terminate('an operator');
    await house.say('3 l milk');
    const second = await eventually(async () => {
      const gates = await house.approvals.list(house.owner.ownerId, { status: 'pending', limit: 10 });
      expect(gates.map(({ id }) => id)).not.toContain(first.id);
      expect(gates).toHaveLength(1);
      return gates[0];
    });
    expect(second?.action.args['lines']).toMatchObject([{ name: 'flour' }, { name: 'milk' }]);
    expect((await house.approvals.get(first.id))?.status).toBe('cancelled');
  });

  it('is not started again by the reconcile while it is young', async () => {
    const young = await another({ reconcileGraceMs: 60_000 });
    await young.say('2 kg flour');
    await young.openGate();
    const { id } = await onlyPurchase(young);
    await young.client.workflow.getHandle(workflowIds.purchase(id)).terminate('an operator');
    expect(await young.activities.reconcileHouse()).toMatchObject({ purchasesStarted: 0 });
  });

  it('asks nothing any more', async () => {
    await house.stopWorker();
    const { ownerId, conversationId } = house.owner;
    const id = await house.groceries.openPurchase({ ownerId, conversationId, seed: 'test' });
    await house.household.query(
      `UPDATE household.purchases SET status = 'cancelled', round = 1, lines = $2, estimate_minor = 1 WHERE id = $1`,
      [id, JSON.stringify([line])],
    );
    await house.activities.requestApproval({ purchaseId: id });
    const pending = await house.approvals.list(house.owner.ownerId, { status: 'pending', limit: 10 });
    expect(pending).toEqual([]);
    expect(await house.said('card')).toBe('');
    await house.restartWorker();
  });
});

it('closes a gate whose time is over even when its workflow sleeps on', async () => {
  const hasty = await another({ approvalExpiresAfterMs: 1_500 });
  await hasty.say('2 kg flour');
  const gate = await hasty.openGate();
  await hasty.client.workflow.getHandle(gate.id).terminate('an operator');
  const forged = { approvalId: gate.id, requesterWorkflowId: 'nobody', expiresAt: '', expiresInMs: 1e9 };
  await startIn(hasty, workflowTypes.approval, gate.id, forged);
  await eventually(async () => {
    await hasty.activities.reconcileHouse();
    expect((await onlyPurchase(hasty)).status).toBe('expired');
  });
});
