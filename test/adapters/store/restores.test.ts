import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createEventStore } from '../../../adapters/store/events.ts';
import { createMessageStore } from '../../../adapters/store/messages.ts';
import { createRestoreStore } from '../../../adapters/store/restores.ts';
import { actionHash } from '../../../contracts/action.ts';
import type { Approval } from '../../../adapters/store/approvals.ts';
import { ask, makeOwner, openGate, openStores, type Stores } from '../../support/stores.ts';

const takenAt = new Date('2026-11-21T12:00:00Z');
const detail = 'Restored from a backup of 2026-11-21T12:00:00.000Z; may have been sent after it.';
const keyed = 'test_keyed';
const lease = { leaseMs: 60_000, keyed: false };

let stores: Stores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores.close());

async function approved(tool = 'test_tool') {
  const { approval } = await openGate(stores, { tool });
  await stores.approvals.decide(approval.id, await ask(stores, approval.id, 'approve'));
  return approval;
}

async function open(approval: Approval) {
  const id = randomUUID();
  await stores.ledger.openIntent({
    id,
    ownerId: approval.ownerId,
    butler: 'household',
    flow: 'test',
    entityId: randomUUID(),
    step: 1,
    tool: approval.action.tool,
    actionHash: approval.actionHash,
    approvalId: approval.id,
    reservationId: null,
    workflowId: 'test',
  });
  const attempt = { intentId: id, number: 1 };
  return { id, approval, attempt, hash: actionHash(approval.action) };
}

const statusOf = async (approval: Approval) => (await stores.approvals.get(approval.id))?.status;
const restore = (id: string = randomUUID()) =>
  createRestoreStore(stores.core).record({ id, takenAt, keyedTools: [keyed] });

describe('after a restore', () => {
  it('what was open on an unkeyed channel is unknown, in whatever state', async () => {
    const [waiting, claimed, sending, unopened] = [
      await open(await approved()),
      await open(await approved()),
      await open(await approved()),
      await approved(),
    ];
    for (const { attempt } of [claimed, sending]) await stores.ledger.claim(attempt, lease);
    await stores.ledger.startSending(sending.attempt, sending.hash);
    expect(await restore()).toBe(true);

    for (const { attempt, approval, hash } of [waiting, claimed, sending]) {
      const { intentId } = attempt;
      expect(await stores.ledger.claim({ intentId, number: 2 }, lease)).toBe('closed');
      expect(await stores.ledger.startSending(attempt, hash)).not.toBeNull();
      const fenced = await stores.ledger.fence(attempt, lease);
      expect(fenced).toMatchObject({ verdict: 'settled', receipt: { outcome: 'unknown', detail } });
      expect(await stores.ledger.giveUp(intentId)).toMatchObject({ outcome: 'unknown' });
      expect(await statusOf(approval)).toBe('unknown');
    }
    expect(await statusOf(unopened)).toBe('unknown');
    const late = await open(unopened);
    expect(await stores.ledger.claim(late.attempt, lease)).toBe('closed');
    expect(await stores.ledger.giveUp(late.id)).toMatchObject({ outcome: 'unknown', detail });
    await stores.ledger.reconcile(late.id, 'delivered', 'the owner');
    expect(await statusOf(unopened)).toBe('executed');
  });

  it('a keyed channel sends again', async () => {
    const { attempt, hash, approval } = await open(await approved(keyed));
    await restore();
    expect(await stores.ledger.claim(attempt, { ...lease, keyed: true })).toBe('claimed');
    expect(await stores.ledger.startSending(attempt, hash)).toBeNull();
    expect(await statusOf(approval)).toBe('executing');
  });

  it('what was said at a gate before counts no more, and its code neither; a new word of the owner does', async () => {
    const { approval, code } = await openGate(stores);
    const before = await ask(stores, approval.id, 'approve');
    await restore();
    for (const decision of [before, { decisionId: randomUUID(), verdict: 'approve' as const, code }]) {
      expect(await stores.approvals.decide(approval.id, decision)).toMatchObject({
        authorised: false,
        status: 'pending',
      });
    }
    expect(await stores.approvals.unanswered(approval.id)).toEqual([]);
    const after = await ask(stores, approval.id, 'approve');
    expect(await stores.approvals.decide(approval.id, after)).toMatchObject({ authorised: true, status: 'approved' });
    const fresh = await openGate(stores);
    const byCode = { decisionId: randomUUID(), verdict: 'approve' as const, code: fresh.code };
    expect(await stores.approvals.decide(fresh.approval.id, byCode)).toMatchObject({ authorised: true });
  });

  it('what is said is behind every cursor that a reader may come back with, and no id of a stream counts any more', async () => {
    const { ownerId, conversationId } = await makeOwner(stores.core);
    const messages = createMessageStore(stores.core);
    const events = createEventStore(stores.core);
    const said = { ownerId, conversationId, butler: 'household', kind: 'notice', persona: null } as const;
    const { messageId } = await messages.insertOutbound({ ...said, body: 'hello', dedupeKey: 'hello' });
    const afterSeq = ((await messages.getMessage(messageId))?.seq ?? 0) + 1_000;
    const systems = [(await events.now()).system];
    for (const _ of [1, 2]) {
      await restore();
      systems.push((await events.now()).system);
    }
    expect(new Set(systems).size).toBe(3);
    expect(await messages.listOutbound({ ownerId, afterSeq, limit: 10 })).toHaveLength(2);
  });

  it('every owner is told once, and a repeat changes nothing', async () => {
    const [owner, silent] = [await makeOwner(stores.core), await makeOwner(stores.core)];
    const messages = createMessageStore(stores.core);
    const { ownerId, conversationId } = owner;
    const said = { ownerId, conversationId, butler: 'household', kind: 'notice', persona: null } as const;
    await messages.insertOutbound({ ...said, body: 'hello', dedupeKey: 'hello' });
    const id = randomUUID();
    expect(await restore(id)).toBe(true);
    const { attempt } = await open(await approved());
    expect(await restore(id)).toBe(false);
    expect(await stores.ledger.claim(attempt, lease)).toBe('claimed');
    const heard = (to: string) => messages.listOutbound({ ownerId: to, afterSeq: 0, limit: 10 });
    const notices = (await heard(ownerId)).filter(({ body }) => body.includes('backup of 2026-11-21T12:00:00.000Z'));
    expect(notices).toMatchObject([{ conversationId, status: 'sent' }]);
    expect(await heard(silent.ownerId)).toEqual([]);
  });
});
