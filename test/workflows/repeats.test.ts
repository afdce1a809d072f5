import { randomUUID } from 'node:crypto';
import proto from '@temporalio/proto';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSmtpMailer } from '../../adapters/smtp.ts';
import { workflowIds } from '../../contracts/names.ts';
import { eventually, startHouse, type TestHouse, type TestHouseOptions } from '../support/house.ts';
import { startSmtpSink } from '../support/smtp-sink.ts';

let house: TestHouse;
afterEach(() => house.close());

let sink: Awaited<ReturnType<typeof startSmtpSink>>;
beforeAll(async () => {
  sink = await startSmtpSink({});
});
afterAll(() => sink.close());

const shop = (): TestHouseOptions => ({
  groceries: { channel: 'email', shopEmail: 'orders@shop.example' },
  mail: {
    mailer: createSmtpMailer({ host: '127.0.0.1', port: sink.port, secure: 'none', from: 'house@home.example' }),
    from: 'house@home.example',
  },
});

const until = (...statuses: string[]) =>
  eventually(async () => {
    const [purchase] = await house.purchases();
    expect(statuses).toContain(purchase?.status);
    if (purchase === undefined) {
      throw new Error('There is no purchase.');
    }
    return purchase;
  });

const untilAnswered = (messageId: string) =>
  eventually(async () => expect((await house.messages.getMessage(messageId))?.status).toBe('answered'));

/** From a need over a changed list to what was bought; answers the purchase's id. */
async function story(options: TestHouseOptions, started: () => void = () => undefined): Promise<string> {
  house = await startHouse(options);
  started();
  await house.say('2 kg flour');
  const first = await house.openGate();
  await house.say('1 l milk');
  const second = await eventually(async () => {
    const gate = await house.openGate();
    expect(gate.id).not.toBe(first.id);
    return gate;
  });
  await house.decide(second.id, 'approve');
  const { id } = await until('ordered', 'unknown');
  await house.confirm(id, 300);
  await house.client.workflow.getHandle(workflowIds.purchase(id)).result();
  await eventually(async () => expect((await house.items()).map(({ status }) => status)).toEqual(['done', 'done']));
  return id;
}

async function ledger() {
  const rows = async (sql: string) => (await house.core.query(sql)).rows;
  return {
    intents: await rows('SELECT id, status FROM core.intents ORDER BY id'),
    attempts: await rows('SELECT id, status FROM core.attempts ORDER BY id'),
    receipts: await rows('SELECT id, status FROM core.receipts ORDER BY id'),
    approvals: await rows('SELECT id, status FROM core.approvals ORDER BY id'),
    reservations: await rows('SELECT id, status, settled_minor FROM core.budget_reservations ORDER BY id'),
    heard: (await house.heard()).map(({ kind, body }) => ({ kind, body })),
    purchases: await house.purchases(),
    items: await house.items(),
  };
}

const mails = (purchaseId: string) => sink.received.filter(({ raw }) => raw.includes(`Order number: ${purchaseId}`));

describe('every step', () => {
  it('may run twice, as after a kill before its answer was recorded: one order, one receipt, the money right', async () => {
    const twice = async (name: string, run: () => Promise<unknown>) => {
      if (name !== 'attemptEffect') await run();
      return run();
    };
    const id = await story({ ...shop(), around: twice });
    expect(mails(id)).toHaveLength(1);
    const { attempts, receipts, reservations, heard } = await ledger();
    expect(attempts).toMatchObject([{ status: 'receipt' }]);
    expect(receipts).toMatchObject([{ status: 'delivered' }]);
    expect(reservations.filter(({ status }) => status === 'settled')).toMatchObject([{ settled_minor: 300 }]);
    expect(reservations.filter(({ status }) => status === 'reserved')).toEqual([]);
    expect(new Set(heard.map(({ body }) => body)).size).toBe(heard.length);
  });

  it.each(['email', 'owner'])('that sends may lose its answer: one order by %s', async (channel) => {
    const lost = async (name: string, run: () => Promise<unknown>) => {
      const answer = await run();
      if (name === 'attemptEffect') throw new Error('killed');
      return answer;
    };
    const id = await story({ ...(channel === 'email' ? shop() : {}), around: lost });
    const { attempts, receipts, heard } = await ledger();
    expect(attempts).toHaveLength(1);
    expect(receipts).toMatchObject([{ status: 'delivered' }]);
    expect(mails(id).length + heard.filter(({ kind }) => kind === 'list').length).toBe(1);
  });
});

it('a reconcile that looks all the time changes nothing', async () => {
  const over = new AbortController();
  let looking: Promise<void> | undefined;
  const look = async () => {
    while (!over.signal.aborted) await house.activities.reconcileHouse();
  };
  const id = await story(shop(), () => {
    looking = look();
  }).finally(() => over.abort());
  await looking;
  const { attempts, receipts, approvals, reservations } = await ledger();
  expect(mails(id)).toHaveLength(1);
  expect(attempts).toMatchObject([{ status: 'receipt' }]);
  expect(receipts).toMatchObject([{ status: 'delivered' }]);
  expect(new Set(approvals.map(({ status }) => status))).toEqual(new Set(['cancelled', 'executed']));
  expect(new Set(reservations.map(({ status }) => status))).toEqual(new Set(['released', 'settled']));
  expect(approvals.length + reservations.length).toBe(4);
});

it.each(['planPurchase', 'reserveBudget', 'requestApproval', 'openOrder', 'attemptEffect', 'recordOrder'])(
  'an operator who terminates the purchase during %s, and a reconcile at once, leave nothing half done',
  async (step) => {
    let hit = false;
    const stopping = async (name: string, run: () => Promise<unknown>) => {
      if (name === step && !hit) {
        hit = true;
        const [purchase] = await house.purchases();
        await house.client.workflow.getHandle(workflowIds.purchase(purchase?.id ?? '')).terminate('an operator');
        await house.activities.reconcileHouse();
      }
      return run();
    };
    house = await startHouse({ ...shop(), around: stopping });
    await house.say('2 kg flour');
    if (!['planPurchase', 'reserveBudget', 'requestApproval'].includes(step)) {
      await house.decide((await house.openGate()).id, 'approve').catch(() => undefined);
    }
    await eventually(async () => expect(hit).toBe(true));
    await eventually(async () => {
      await house.activities.reconcileHouse();
      const { intents, reservations, approvals } = await ledger();
      const [purchase] = await house.purchases();
      const sent = mails(purchase?.id ?? '').length;
      expect(sent).toBeLessThanOrEqual(1);
      expect(purchase?.status).toMatch(sent === 1 ? /ordered|unknown/u : /cancelled|failed/u);
      expect(intents.filter(({ status }) => status === 'open')).toEqual([]);
      expect(approvals.filter(({ status }) => status === 'pending' || status === 'approved')).toEqual([]);
      expect(reservations.filter(({ status }) => status === 'reserved')).toHaveLength(sent);
    });
  },
);

it('asks about what is needed while a no is being carried out', async () => {
  let said = false;
  const late = async (name: string, run: () => Promise<unknown>) => {
    if (name === 'abandonPurchase' && !said) {
      said = true;
      await untilAnswered((await house.say('1 l milk')).messageId);
    }
    return run();
  };
  house = await startHouse({ around: late });
  await house.say('2 kg flour');
  const gate = await house.openGate();
  await house.decide(gate.id, 'reject');
  const next = await eventually(async () => {
    const found = await house.openGate();
    expect(found.id).not.toBe(gate.id);
    return found;
  });
  expect(JSON.stringify(next.action.args['lines'])).toContain('milk');
});

it('a reset to any point of a purchase and of its gate changes nothing', async () => {
  const id = await story(shop());
  const before = await ledger();
  for (const workflowId of [workflowIds.purchase(id), ...before.approvals.map((gate) => String(gate['id']))]) {
    const runs: string[] = [];
    for await (const run of house.client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) {
      runs.push(run.runId);
    }
    for (const runId of runs) {
      for (const eventId of await taskEnds(workflowId, runId)) {
        const reset = await house.client.workflowService.resetWorkflowExecution({
          namespace: 'default',
          workflowExecution: { workflowId, runId },
          workflowTaskFinishEventId: eventId,
          requestId: randomUUID(),
          reason: 'test',
        });
        await house.client.workflow.getHandle(workflowId, reset.runId).result();
      }
    }
  }
  expect(await ledger()).toEqual(before);
  expect(mails(id)).toHaveLength(1);
}, 120_000);

async function taskEnds(workflowId: string, runId: string) {
  const { events } = await house.client.workflow.getHandle(workflowId, runId).fetchHistory();
  const { EVENT_TYPE_WORKFLOW_TASK_COMPLETED: end } = proto.temporal.api.enums.v1.EventType;
  return (events ?? []).filter(({ eventType }) => eventType === end).map(({ eventId }) => eventId ?? null);
}
