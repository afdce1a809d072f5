import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Approval } from '../../../adapters/store/approvals.ts';
import { actionHash } from '../../../contracts/action.ts';
import type { Receipt } from '../../../contracts/effects.ts';
import { ask, makeOwner, openGate, openStores, type Stores } from '../../support/stores.ts';

let stores: Stores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores.close());

const delivered: Receipt = { outcome: 'delivered', providerId: '<a@b>', detail: '250 ok', retryable: false };
const notSent: Receipt = { outcome: 'refused', providerId: null, detail: 'No connection.', retryable: true };
const mail = { leaseMs: 60_000, keyed: false };

/** An approved gate with its intent; `ref(n)` names its attempts. */
async function approvedIntent(options: { approve?: boolean; expiresAfterMs?: number; reservationId?: string } = {}) {
  const { approval } = await openGate(stores, options);
  if (options.approve ?? true) {
    await stores.approvals.decide(approval.id, await ask(stores, approval.id, 'approve'));
  }
  return intentOf(approval, options.reservationId);
}

async function intentOf(approval: Approval, reservationId: string | null = null) {
  const intentId = randomUUID();
  await stores.ledger.openIntent({
    id: intentId,
    ownerId: stores.owner.ownerId,
    butler: 'household',
    flow: 'test',
    entityId: randomUUID(),
    step: 1,
    tool: approval.action.tool,
    actionHash: approval.actionHash,
    approvalId: approval.id,
    reservationId,
    workflowId: 'test',
  });
  return { approval, intentId, hash: actionHash(approval.action), ref: (number: number) => ({ intentId, number }) };
}

const approvalStatus = async (id: string) => (await stores.approvals.get(id))?.status;

describe('the way out', () => {
  it('is claimed, sending, receipt', async () => {
    const { approval, hash, ref } = await approvedIntent();
    expect(await stores.ledger.claim(ref(1), mail)).toBe('claimed');
    expect(await stores.ledger.startSending(ref(1), hash)).toBeNull();
    expect(await approvalStatus(approval.id)).toBe('executing');
    expect(await stores.ledger.recordReceipt(ref(1), delivered)).toEqual(delivered);
    expect(await approvalStatus(approval.id)).toBe('executed');
    expect(await stores.ledger.claim(ref(2), mail)).toBe('closed');
  });

  it('is closed for an intent that nobody approved', async () => {
    const { hash, ref } = await approvedIntent({ approve: false });
    await stores.ledger.claim(ref(1), mail);
    expect(await stores.ledger.startSending(ref(1), hash)).toBe('not_approved');
  });

  it('is closed for an approval that a status alone pretends', async () => {
    const { approval, hash, ref } = await approvedIntent({ approve: false });
    await stores.core.query(`UPDATE core.approvals SET status = 'approved' WHERE id = $1`, [approval.id]);
    await stores.ledger.claim(ref(1), mail);
    expect(await stores.ledger.startSending(ref(1), hash)).toBe('not_approved');
  });

  it('is closed when the arguments are not those that were approved', async () => {
    const { approval, ref } = await approvedIntent();
    await stores.ledger.claim(ref(1), mail);
    const other = actionHash({ ...approval.action, args: { what: 'caviar' } });
    expect(await stores.ledger.startSending(ref(1), other)).toBe('changed');
  });

  it('is closed after the expiry, checked again right before the send', async () => {
    const { approval, hash, ref } = await approvedIntent();
    await stores.core.query('UPDATE core.approvals SET expires_at = now() WHERE id = $1', [approval.id]);
    await stores.ledger.claim(ref(1), mail);
    expect(await stores.ledger.startSending(ref(1), hash)).toBe('expired');
  });

  it('is closed when a bare code allowed what is of high risk', async () => {
    const { approval } = await openGate(stores);
    const code = stores.codes.codeOf(approval.id, approval.codeKeyId);
    await stores.approvals.decide(approval.id, { decisionId: randomUUID(), verdict: 'approve', code });
    const intent = await intentOf(approval);
    await stores.ledger.claim(intent.ref(1), mail);
    await stores.core.query(`UPDATE core.approvals SET risk_tier = 'high' WHERE id = $1`, [approval.id]);
    expect(await stores.ledger.startSending(intent.ref(1), intent.hash)).toBe('not_approved');
    await stores.core.query(`UPDATE core.approvals SET risk_tier = 'medium' WHERE id = $1`, [approval.id]);
    expect(await stores.ledger.startSending(intent.ref(1), intent.hash)).toBeNull();
  });

  it('is closed once the lease is over', async () => {
    const { hash, ref } = await approvedIntent();
    await stores.ledger.claim(ref(1), { leaseMs: 0, keyed: false });
    expect(await stores.ledger.startSending(ref(1), hash)).toBe('fenced');
  });
});

describe('the fence', () => {
  it('stops an attempt that was claimed and wakes late', async () => {
    const { hash, ref } = await approvedIntent();
    await stores.ledger.claim(ref(1), mail);
    expect(await stores.ledger.fence(ref(1), { keyed: false })).toEqual({ verdict: 'send_again' });
    expect(await stores.ledger.startSending(ref(1), hash)).toBe('fenced');
    expect(await stores.ledger.claim(ref(2), mail)).toBe('claimed');
  });

  it('stops an attempt that was never claimed', async () => {
    const { ref } = await approvedIntent();
    expect(await stores.ledger.fence(ref(1), { keyed: false })).toEqual({ verdict: 'send_again' });
    expect(await stores.ledger.claim(ref(1), mail)).toBe('taken');
  });

  it('calls an unkeyed attempt that was on the wire unknown, and lets no other follow', async () => {
    const { approval, hash, ref } = await approvedIntent();
    await stores.ledger.claim(ref(1), mail);
    await stores.ledger.startSending(ref(1), hash);
    expect(await stores.ledger.fence(ref(1), { keyed: false })).toMatchObject({
      verdict: 'settled',
      receipt: { outcome: 'unknown' },
    });
    expect(await approvalStatus(approval.id)).toBe('unknown');
    expect(await stores.ledger.claim(ref(2), mail)).toBe('closed');
  });

  it('lets a keyed channel send again under the same key, and counts one delivery', async () => {
    const { intentId, hash, ref } = await approvedIntent();
    const keyed = { leaseMs: 60_000, keyed: true };
    await stores.ledger.claim(ref(1), keyed);
    await stores.ledger.startSending(ref(1), hash);
    expect(await stores.ledger.fence(ref(1), { keyed: true })).toEqual({ verdict: 'send_again' });
    expect(await stores.ledger.claim(ref(2), keyed)).toBe('claimed');
    expect(await stores.ledger.startSending(ref(2), hash)).toBeNull();
    await stores.ledger.recordReceipt(ref(2), delivered);
    await stores.ledger.recordReceipt(ref(1), delivered);
    const { rows } = await stores.core.query('SELECT status FROM core.receipts WHERE intent_id = $1', [intentId]);
    expect(rows).toEqual([{ status: 'delivered' }]);
  });

  it('returns the receipt of an attempt that had reported after all', async () => {
    const { hash, ref } = await approvedIntent();
    await stores.ledger.claim(ref(1), mail);
    await stores.ledger.startSending(ref(1), hash);
    await stores.ledger.recordReceipt(ref(1), delivered);
    expect(await stores.ledger.fence(ref(1), { keyed: false })).toEqual({ verdict: 'settled', receipt: delivered });
  });

  it('lets late knowledge replace unknown, and nothing replace knowledge', async () => {
    const { approval, hash, ref } = await approvedIntent();
    await stores.ledger.claim(ref(1), mail);
    await stores.ledger.startSending(ref(1), hash);
    await stores.ledger.fence(ref(1), { keyed: false });
    expect(await stores.ledger.recordReceipt(ref(1), delivered)).toMatchObject({ outcome: 'delivered' });
    expect(await approvalStatus(approval.id)).toBe('executed');
    const unknown: Receipt = { ...delivered, outcome: 'unknown' };
    await stores.ledger.recordReceipt(ref(1), unknown);
    expect(await approvalStatus(approval.id)).toBe('executed');
  });
});

describe('attempts', () => {
  it('follow one that was certainly not sent', async () => {
    const { hash, ref } = await approvedIntent();
    await stores.ledger.claim(ref(1), mail);
    await stores.ledger.startSending(ref(1), hash);
    await stores.ledger.recordReceipt(ref(1), notSent);
    expect(await stores.ledger.claim(ref(2), mail)).toBe('claimed');
    expect(await stores.ledger.startSending(ref(2), hash)).toBeNull();
  });

  it('do not follow an unkeyed one that may send, nor come before a later one', async () => {
    const { hash, ref } = await approvedIntent();
    await stores.ledger.claim(ref(2), mail);
    expect(await stores.ledger.claim(ref(3), mail)).toBe('closed');
    expect(await stores.ledger.claim(ref(1), mail)).toBe('closed');
    await stores.ledger.startSending(ref(2), hash);
    expect(await stores.ledger.claim(ref(3), mail)).toBe('closed');
  });

  it('are claimed once, by whoever comes first', async () => {
    const { ref } = await approvedIntent();
    const claims = await Promise.all(Array.from({ length: 5 }, () => stores.ledger.claim(ref(1), mail)));
    expect(claims.filter((claim) => claim === 'claimed')).toHaveLength(1);
  });

  it('end in a refusal when they are given up before anything left', async () => {
    const { approval, intentId, ref } = await approvedIntent();
    await stores.ledger.claim(ref(1), mail);
    expect(await stores.ledger.giveUp(intentId)).toMatchObject({ outcome: 'refused', retryable: false });
    expect(await approvalStatus(approval.id)).toBe('failed');
    expect(await stores.ledger.giveUp(randomUUID())).toBeNull();
  });

  it('end in unknown when they are given up on the wire', async () => {
    const { intentId, hash, ref } = await approvedIntent();
    await stores.ledger.claim(ref(1), mail);
    await stores.ledger.startSending(ref(1), hash);
    expect(await stores.ledger.giveUp(intentId)).toMatchObject({ outcome: 'unknown' });
    await stores.ledger.reconcile(intentId, 'delivered', 'the owner');
    expect(await stores.ledger.giveUp(intentId)).toMatchObject({ outcome: 'delivered' });
  });
});

describe('a keyed attempt that was never heard of again', () => {
  const keyed = { leaseMs: 60_000, keyed: true };
  const receipts = async (intentId: string) =>
    (
      await stores.core.query<{ number: number; status: string }>(
        `SELECT attempt.number, receipt.status FROM core.receipts receipt JOIN core.attempts attempt ON attempt.id = receipt.attempt_id
         WHERE receipt.intent_id = $1 ORDER BY attempt.number`,
        [intentId],
      )
    ).rows;

  /** An intent with money set aside whose first attempt was on the wire when its process ended. */
  async function onTheWire() {
    const workflowId = randomUUID();
    const reservationId = randomUUID();
    const week = { budgetId: randomUUID(), butler: 'household', periodStart: '2026-11-16', currency: 'EUR' };
    const budget = { ...week, ownerId: (await makeOwner(stores.core)).ownerId, capMinor: 1_000 };
    await stores.budgets.reserve(budget, { reservationId, amountMinor: 100, workflowId, attempt: 1 });
    const intent = await approvedIntent({ reservationId });
    await stores.ledger.claim(intent.ref(1), keyed);
    await stores.ledger.startSending(intent.ref(1), intent.hash);
    expect(await stores.ledger.fence(intent.ref(1), { keyed: true })).toEqual({ verdict: 'send_again' });
    expect(await stores.ledger.claim(intent.ref(2), keyed)).toBe('claimed');
    return { ...intent, release: () => stores.budgets.release(workflowId) };
  }

  it('holds no money once the next one is delivered and the owner says that nothing was bought', async () => {
    const { ref, hash, release } = await onTheWire();
    await stores.ledger.startSending(ref(2), hash);
    await stores.ledger.recordReceipt(ref(2), delivered);
    await stores.ledger.reconcile(ref(2).intentId, 'refused', 'the owner');
    expect(await release()).toBe(1);
  });

  it('leaves the outcome unknown when the next one is refused for good', async () => {
    const { approval, intentId, ref, release } = await onTheWire();
    const expired: Receipt = { outcome: 'expired', providerId: null, detail: 'Too late.', retryable: false };
    expect(await stores.ledger.recordReceipt(ref(2), expired)).toMatchObject({ outcome: 'unknown' });
    expect(await approvalStatus(approval.id)).toBe('unknown');
    expect(await release()).toBe(0);
    await stores.ledger.reconcile(intentId, 'refused', 'the owner');
    expect(await release()).toBe(1);
  });

  it('holds no money after three of them were given up and the owner has spoken', async () => {
    const { ref, hash, intentId, release } = await onTheWire();
    await stores.ledger.startSending(ref(2), hash);
    expect(await stores.ledger.giveUp(intentId)).toMatchObject({ outcome: 'unknown' });
    expect(await release()).toBe(0);
    await stores.ledger.reconcile(intentId, 'refused', 'the owner');
    expect(await release()).toBe(1);
  });

  it('may report a delivery after all, and the owner may still say that it was bought', async () => {
    const { ref, hash, intentId } = await onTheWire();
    await stores.ledger.startSending(ref(2), hash);
    await stores.ledger.giveUp(intentId);
    await stores.ledger.recordReceipt(ref(1), delivered);
    await stores.ledger.reconcile(intentId, 'delivered', 'the owner');
    expect((await receipts(intentId)).filter(({ status }) => status === 'delivered')).toHaveLength(1);
  });
});
