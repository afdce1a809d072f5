import { randomUUID } from 'node:crypto';
import { WorkflowFailedError, WorkflowNotFoundError, WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Approval } from '../../adapters/store/approvals.ts';
import { approveSignal, decideSignal, decideUpdate, rejectSignal } from '../../contracts/messages.ts';
import { workflowTypes } from '../../contracts/names.ts';
import { eventually, startHouse, type TestHouse } from '../support/house.ts';

let house: TestHouse;
beforeAll(async () => {
  house = await startHouse();
});
afterAll(() => house.close());

const gateOf = (approval: Pick<Approval, 'id'>) => house.client.workflow.getHandle(approval.id);
const eventsOf = async (id: string) => (await house.approvals.events(id)).map(({ event }) => event);
const intents = async () => (await house.core.query('SELECT id FROM core.intents')).rows;

const things = ['flour', 'sugar', 'rice', 'lentils', 'barley', 'oats', 'beans', 'peas', 'nuts', 'figs'];

/** What a presser who was not first gets: the failure of his update, or that the gate is gone (then the doors read Postgres). */
const learned = (error: unknown): unknown =>
  error instanceof WorkflowUpdateFailedError ? error.cause : error instanceof Error ? error.name : error;

/** A gate of a purchase that nobody has decided; closed by a rejection at the end, so that each test has its own. */
async function withGate(work: (gate: Approval) => Promise<void>): Promise<void> {
  await house.say(`we need 1 kg ${things.shift() ?? 'salt'}`);
  const gate = await house.openGate();
  await work(gate);
  if ((await house.approvals.get(gate.id))?.status === 'pending') {
    await house.decide(gate.id, 'reject');
  }
  await gateOf(gate).result();
}

describe('a forged message', () => {
  it('executes nothing, whichever it is', async () => {
    await withGate(async (gate) => {
      const before = await intents();
      await gateOf(gate).signal(approveSignal, 'AAAA-BBBB-CCCC');
      await gateOf(gate).signal(approveSignal, { code: '', feedback: 'please' });
      await gateOf(gate).signal(decideSignal, { decisionId: randomUUID(), verdict: 'approve' });
      await gateOf(gate).signal('approve', null);
      await gateOf(gate).signal('decide-later', { verdict: 'approve' });
      const forged = { decisionId: randomUUID(), verdict: 'approve' as const };
      const update = gateOf(gate).executeUpdate(decideUpdate, { args: [forged] });
      await expect(update).rejects.toMatchObject({ cause: { type: 'NotAuthorised' } });
      await eventually(async () => {
        expect((await eventsOf(gate.id)).filter((event) => event === 'refused')).toHaveLength(4);
      });
      expect((await house.approvals.get(gate.id))?.status).toBe('pending');
      expect(await intents()).toEqual(before);
    });
  });

  it('is refused before it is written down when it is malformed', async () => {
    await withGate(async (gate) => {
      for (const argument of [
        null,
        'yes',
        { verdict: 'approve' },
        { decisionId: 'x', verdict: 'approve' },
        { decisionId: randomUUID(), verdict: 'maybe' },
      ]) {
        const update = gateOf(gate).executeUpdate('decide', { args: [argument] });
        await expect(update).rejects.toBeInstanceOf(WorkflowUpdateFailedError);
      }
    });
  });

  it('cannot be a gate that somebody starts by hand', async () => {
    const approvalId = randomUUID();
    const input = {
      approvalId,
      requesterWorkflowId: 'nobody',
      expiresAt: new Date().toISOString(),
      expiresInMs: 60_000,
    };
    const handle = await house.client.workflow.start(workflowTypes.approval, {
      workflowId: approvalId,
      taskQueue: house.taskQueue,
      args: [input],
    });
    await expect(handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
    expect(await house.approvals.get(approvalId)).toBeNull();
  });

  it('cannot be a purchase that somebody starts by hand', async () => {
    const before = await intents();
    const purchaseId = randomUUID();
    const handle = await house.client.workflow.start(workflowTypes.purchase, {
      workflowId: `purchase-${purchaseId}`,
      taskQueue: house.taskQueue,
      args: [{ purchaseId, ownerId: house.owner.ownerId }],
    });
    await expect(handle.result()).rejects.toBeInstanceOf(WorkflowFailedError);
    expect(await intents()).toEqual(before);
  });
});

describe('the code of the card', () => {
  it('decides by a plain signal, as from the Web UI', async () => {
    await withGate(async (gate) => {
      const code = house.codes.codeOf(gate.id, gate.codeKeyId);
      await gateOf(gate).signal(rejectSignal, { code, feedback: 'too much' });
      expect(await gateOf(gate).result()).toMatchObject({ status: 'rejected', decidedVia: 'signal' });
      expect((await house.approvals.get(gate.id))?.feedback).toBe('too much');
    });
  });

  it('approves as well, and works once', async () => {
    await withGate(async (gate) => {
      const code = house.codes.codeOf(gate.id, gate.codeKeyId);
      await gateOf(gate).signal(approveSignal, code);
      await gateOf(gate).signal(rejectSignal, code);
      expect(await gateOf(gate).result()).toMatchObject({ status: 'approved' });
      await eventually(async () => {
        expect((await house.approvals.get(gate.id))?.status).toBe('executed');
      });
      const [purchase] = (await house.purchases()).filter(({ approval_id }) => approval_id === gate.id);
      await house.confirm(purchase?.id ?? '', 100);
    });
  });
});

describe('two decisions', () => {
  it('have one winner, and the other learns who it was', async () => {
    await withGate(async (gate) => {
      const presses = await Promise.allSettled(
        (['reject', 'reject', 'reject'] as const).map((verdict) => house.decide(gate.id, verdict)),
      );
      expect(presses.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const decided = { status: 'rejected', decidedBy: house.owner.approver, decidedVia: 'api' };
      const others = presses.flatMap((press) => (press.status === 'rejected' ? [learned(press.reason)] : []));
      const gone = 'WorkflowNotFoundError';
      expect(others.filter((one) => one !== gone)).toMatchObject(
        others.filter((one) => one !== gone).map(() => ({ type: 'AlreadyDecided', details: [decided] })),
      );
    });
  });
});

it('keeps a decision that arrives while the worker is away', async () => {
  await withGate(async (gate) => {
    await house.stopWorker();
    const decision = { decisionId: randomUUID(), verdict: 'reject' as const };
    const { ownerId, approver } = house.owner;
    await house.approvals.recordAsked({
      approvalId: gate.id,
      ownerId,
      approver,
      via: 'api',
      feedback: null,
      ...decision,
    });
    await gateOf(gate).signal(decideSignal, decision);
    await house.restartWorker();
    expect(await gateOf(gate).result()).toMatchObject({ status: 'rejected', decidedBy: approver });
  });
});

it('applies a decision that a door recorded and could not deliver', async () => {
  await withGate(async (gate) => {
    const { ownerId, approver } = house.owner;
    const wish = { decisionId: randomUUID(), verdict: 'reject' as const };
    await house.approvals.recordAsked({ approvalId: gate.id, ownerId, approver, via: 'api', feedback: null, ...wish });
    await house.activities.reconcileHouse();
    expect(await gateOf(gate).result()).toMatchObject({ status: 'rejected', decidedBy: approver });
  });
});

describe('time', () => {
  it('means no', async () => {
    const hasty = await startHouse({ approvalExpiresAfterMs: 1_000 });
    try {
      await hasty.say('2 kg flour');
      await eventually(async () => {
        expect((await hasty.purchases())[0]?.status).toBe('expired');
      });
      await eventually(async () => expect(await hasty.said('notice')).toContain('The time for a yes is over'));
      expect(await hasty.reservations()).toMatchObject([{ status: 'released' }]);
      const [gate] = await hasty.approvals.list(hasty.owner.ownerId, { limit: 1 });
      await expect(hasty.decide(gate?.id ?? '', 'approve')).rejects.toBeInstanceOf(WorkflowNotFoundError);
      expect(await hasty.approvals.get(gate?.id ?? '')).toMatchObject({ status: 'expired' });
    } finally {
      await hasty.close();
    }
  });
});
