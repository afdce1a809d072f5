import { randomUUID } from 'node:crypto';
import proto from '@temporalio/proto';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { workflowIds } from '../../contracts/names.ts';
import { eventually, startHouse, type TestHouse } from '../support/house.ts';

let house: TestHouse;
beforeEach(async () => {
  house = await startHouse();
});
afterEach(() => house.close());

const reconcile = () => house.activities.reconcileHouse();
const terminate = (workflowId: string) => house.client.workflow.getHandle(workflowId).terminate('an operator');
const only = async <Row>(rows: Promise<Row[]>): Promise<Row> => {
  const [row] = await rows;
  if (row === undefined) {
    throw new Error('There is no row.');
  }
  return row;
};

async function bought(): Promise<string> {
  await house.say('2 kg flour');
  await house.decide((await house.openGate()).id, 'approve');
  const purchase = await eventually(async () => {
    const found = await only(house.purchases());
    expect(found.status).toBe('ordered');
    return found;
  });
  await house.confirm(purchase.id, 250);
  await house.client.workflow.getHandle(workflowIds.purchase(purchase.id)).result();
  return purchase.id;
}

describe('an operator terminates', () => {
  it('an item: it is cancelled and its money is free', async () => {
    await house.say('2 kg flour and 1 l milk');
    const gate = await house.openGate();
    const flour = (await house.items()).find(({ title }) => title === 'flour');
    await terminate(flour?.id ?? '');
    expect(await reconcile()).toMatchObject({ itemsCancelled: 1 });
    const next = await eventually(async () => {
      const found = await house.openGate();
      expect(found.id).not.toBe(gate.id);
      return found;
    });
    expect(next.action.args['lines']).toMatchObject([{ name: 'milk' }]);
    expect((await house.items()).find(({ title }) => title === 'flour')?.status).toBe('cancelled');
    const reserved = (await house.reservations()).filter(({ status }) => status === 'reserved');
    expect(reserved).toMatchObject([{ amount_minor: 129 }]);
    expect(await reconcile()).toMatchObject({ itemsCancelled: 0, itemsStarted: 0, purchasesStarted: 0 });
  });

  it('the only item: the purchase ends and nothing is reserved', async () => {
    await house.say('2 kg flour');
    await house.openGate();
    await terminate((await only(house.items())).id);
    await reconcile();
    await eventually(async () => {
      expect((await only(house.purchases())).status).toBe('cancelled');
      expect(await house.reservations()).toMatchObject([{ status: 'released' }]);
    });
  });

  it('a gate: it is cancelled, and the items go back', async () => {
    await house.say('2 kg flour');
    const gate = await house.openGate();
    await terminate(gate.id);
    expect(await reconcile()).toMatchObject({ approvalsCancelled: 1 });
    await eventually(async () => {
      expect((await only(house.purchases())).status).toBe('cancelled');
      expect(await house.reservations()).toMatchObject([{ status: 'released' }]);
    });
    expect((await house.approvals.get(gate.id))?.status).toBe('cancelled');
  });

  it('a purchase that waits: it is cancelled, its gate closed, its money free', async () => {
    await house.say('2 kg flour');
    const gate = await house.openGate();
    const purchase = await only(house.purchases());
    await terminate(workflowIds.purchase(purchase.id));
    expect(await reconcile()).toMatchObject({ purchasesCancelled: 1, reservationsReleased: 1 });
    expect((await house.approvals.get(gate.id))?.status).toBe('cancelled');
    await house.client.workflow.getHandle(gate.id).result();
    expect(await house.reservations()).toMatchObject([{ status: 'released' }]);
    expect(await only(house.items())).toMatchObject({ status: 'open', stage: 'bought' });
  });

  it('a purchase that was ordered: the money stays, and it waits on for the word', async () => {
    await house.say('2 kg flour');
    await house.decide((await house.openGate()).id, 'approve');
    const purchase = await eventually(async () => {
      const found = await only(house.purchases());
      expect(found.status).toBe('ordered');
      return found;
    });
    await terminate(workflowIds.purchase(purchase.id));
    expect(await reconcile()).toMatchObject({ purchasesStarted: 1, reservationsReleased: 0 });
    expect(await house.reservations()).toMatchObject([{ status: 'reserved' }]);
    await house.confirm(purchase.id, 250);
    await house.client.workflow.getHandle(workflowIds.purchase(purchase.id)).result();
    expect(await house.reservations()).toMatchObject([{ status: 'settled', settled_minor: 250 }]);
    const { rows } = await house.core.query('SELECT number FROM core.attempts');
    expect(rows).toEqual([{ number: 1 }]);
  });
});

it('finds what was recorded and never started', async () => {
  const { ownerId } = house.owner;
  const { messageId } = await house.messages.insertInbound({
    ownerId,
    butler: 'household',
    channel: 'api',
    address: 'test',
    source: 'api',
    sourceId: randomUUID(),
    body: '2 kg flour',
  });
  expect(await reconcile()).toMatchObject({ messagesAdmitted: 1 });
  await house.openGate();
  expect((await house.messages.getMessage(messageId))?.status).toBe('answered');
});

it('settles what was confirmed after its purchase was terminated', async () => {
  await house.say('2 kg flour');
  await house.decide((await house.openGate()).id, 'approve');
  const purchase = await eventually(async () => {
    const found = await only(house.purchases());
    expect(found.status).toBe('ordered');
    return found;
  });
  await terminate(workflowIds.purchase(purchase.id));
  await house.confirm(purchase.id, 250);
  expect(await reconcile()).toMatchObject({ purchasesStarted: 1 });
  await eventually(async () => expect(await house.reservations()).toMatchObject([{ status: 'settled' }]));
  const { rows } = await house.core.query('SELECT number FROM core.attempts');
  expect(rows).toEqual([{ number: 1 }]);
});

it('gives a nudge again that was lost', async () => {
  await house.say('2 kg flour');
  await house.decide((await house.openGate()).id, 'approve');
  const purchase = await eventually(async () => {
    const found = await only(house.purchases());
    expect(found.status).toBe('ordered');
    return found;
  });
  const { ownerId, approver: by } = house.owner;
  await house.groceries.confirm({ purchaseId: purchase.id, ownerId, by, verdict: 'bought', amountMinor: 250 });
  await reconcile();
  await eventually(async () => {
    expect(await only(house.items())).toMatchObject({ status: 'done' });
    expect(await house.reservations()).toMatchObject([{ status: 'settled' }]);
  });
});

describe('a reset', () => {
  it('of a purchase that was made buys nothing again', async () => {
    const purchaseId = await bought();
    const workflowId = workflowIds.purchase(purchaseId);
    const handle = house.client.workflow.getHandle(workflowId);
    const { events } = await handle.fetchHistory();
    const first = events?.find(
      ({ eventType }) => eventType === proto.temporal.api.enums.v1.EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED,
    );
    const before = await snapshot();
    const { runId } = await house.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId, runId: (await handle.describe()).runId },
      workflowTaskFinishEventId: first?.eventId ?? null,
      requestId: randomUUID(),
      reason: 'test',
    });
    await house.client.workflow.getHandle(workflowId, runId).result();
    expect(await snapshot()).toEqual(before);
  });

  async function snapshot() {
    const count = async (table: string) =>
      (await house.core.query(`SELECT id, status FROM core.${table} ORDER BY id`)).rows;
    return {
      intents: await count('intents'),
      attempts: await count('attempts'),
      receipts: await count('receipts'),
      reservations: await house.reservations(),
      lists: (await house.heard()).filter(({ kind }) => kind === 'list').length,
      purchases: await house.purchases(),
    };
  }
});

describe('a stage past its deadline', () => {
  let late: TestHouse;
  afterAll(() => late.close());

  it('is a break, said once by the persona of the chain, and the chain goes on', async () => {
    late = await startHouse({ groceries: { deadlines: { capturedWithinMs: 600_000, boughtWithinMs: 500 } } });
    await late.say('2 kg flour');
    const gate = await late.openGate();
    const breaks = await eventually(async () => {
      const { rows } = await late.core.query('SELECT stage, event, persona, next_action FROM core.invariant_events');
      expect(rows).toHaveLength(1);
      return rows;
    });
    expect(breaks).toMatchObject([{ stage: 'bought', event: 'break', persona: 'Basil' }]);
    await eventually(async () => {
      const notices = (await late.heard()).filter(({ kind }) => kind === 'notice');
      expect(notices).toMatchObject([{ persona: '🧺 Basil' }]);
      expect(notices[0]?.body).toContain('flour');
    });
    await late.decide(gate.id, 'approve');
    const purchase = await eventually(async () => {
      const found = await only(late.purchases());
      expect(found.status).toBe('ordered');
      return found;
    });
    await late.confirm(purchase.id, 250);
    await eventually(async () => expect(await only(late.items())).toMatchObject({ status: 'done' }));
  });
});

describe('a conversation', () => {
  it('takes every message once and in order, over continue-as-new', async () => {
    const texts = Array.from({ length: 12 }, (_, index) => `${index + 1} kg flour`);
    const said = [];
    for (const text of texts) {
      said.push(await house.say(text));
    }
    const [first] = said;
    await house.say(texts[0] ?? '', 'twice');
    await house.say(texts[0] ?? '', 'twice');
    await eventually(async () => {
      const { rows } = await house.core.query<{ status: string }>(
        `SELECT status FROM core.messages WHERE direction = 'inbound'`,
      );
      expect(rows.map(({ status }) => status)).toEqual(Array(13).fill('answered'));
    }, 40_000);
    const answers = (await house.heard()).filter(({ kind }) => kind === 'answer');
    expect(answers.map(({ inReplyTo }) => inReplyTo).slice(0, 12)).toEqual(said.map(({ messageId }) => messageId));
    const runs = [];
    for await (const run of house.client.workflow.list({
      query: `WorkflowId = '${workflowIds.conversation(first?.conversationId ?? '')}'`,
    })) {
      runs.push(run.status.name);
    }
    expect(runs).toContain('CONTINUED_AS_NEW');
  }, 60_000);
});
