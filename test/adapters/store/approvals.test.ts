import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ask, makeOwner, openGate, openStores, type Stores } from '../../support/stores.ts';

let stores: Stores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores.close());

const eventsOf = async (id: string) => (await stores.approvals.events(id)).map(({ event }) => event);

describe('authority', () => {
  it('lets the owner decide through a door that recorded him first', async () => {
    const { approval } = await openGate(stores);
    const decision = await ask(stores, approval.id, 'approve');
    const outcome = await stores.approvals.decide(approval.id, decision);
    expect(outcome).toMatchObject({
      status: 'approved',
      first: true,
      authorised: true,
      decidedBy: stores.owner.approver,
    });
    expect(await eventsOf(approval.id)).toEqual(['requested', 'asked', 'approved']);
  });

  it('refuses a decision that no door recorded, and stays open', async () => {
    const { approval } = await openGate(stores);
    const forged = { decisionId: randomUUID(), verdict: 'approve' as const };
    expect(await stores.approvals.decide(approval.id, forged)).toMatchObject({ status: 'pending', authorised: false });
    expect(await eventsOf(approval.id)).toEqual(['requested', 'refused']);
  });

  it('refuses a recorded wish that arrives as its opposite', async () => {
    const { approval } = await openGate(stores);
    const decision = await ask(stores, approval.id, 'reject');
    const turned = await stores.approvals.decide(approval.id, { ...decision, verdict: 'approve' });
    expect(turned).toMatchObject({ status: 'pending', authorised: false });
  });

  it('refuses an account that was closed after it asked', async () => {
    const owner = await makeOwner(stores.core);
    const { approval } = await openGate({ ...stores, owner });
    const decision = await ask({ ...stores, owner }, approval.id, 'approve');
    await stores.core.query(`UPDATE core.owner_accounts SET status = 'inactive' WHERE owner_id = $1`, [owner.ownerId]);
    expect(await stores.approvals.decide(approval.id, decision)).toMatchObject({
      status: 'pending',
      authorised: false,
    });
  });

  it('does not record the wish of another owner', async () => {
    const { approval } = await openGate(stores);
    const stranger = { ...stores, owner: await makeOwner(stores.core) };
    const decision = await ask(stranger, approval.id, 'approve');
    expect(await eventsOf(approval.id)).toEqual(['requested']);
    expect(await stores.approvals.decide(approval.id, decision)).toMatchObject({ authorised: false });
    expect(await stores.approvals.get(approval.id, stranger.owner.ownerId)).toBeNull();
  });

  it('takes the code in any spelling, and only the right one', async () => {
    const { approval, code } = await openGate(stores);
    const wrong = { decisionId: randomUUID(), verdict: 'approve' as const, code: 'AAAA-BBBB-CCCC' };
    expect(await stores.approvals.decide(approval.id, wrong)).toMatchObject({ authorised: false });
    const right = {
      decisionId: randomUUID(),
      verdict: 'approve' as const,
      code: ` ${code.toLowerCase().replaceAll('-', ' ')}`,
    };
    expect(await stores.approvals.decide(approval.id, right)).toMatchObject({
      status: 'approved',
      decidedVia: 'signal',
    });
  });

  it.each(['high', 'critical'] as const)('does not take a bare code for %s risk', async (riskTier) => {
    const { approval, code } = await openGate(stores, { riskTier });
    const decision = { decisionId: randomUUID(), verdict: 'approve' as const, code };
    expect(await stores.approvals.decide(approval.id, decision)).toMatchObject({
      status: 'pending',
      authorised: false,
    });
  });

  it('stores the code nowhere', async () => {
    const { approval, code } = await openGate(stores);
    const { rows } = await stores.core.query<{ text: string }>(
      'SELECT to_jsonb(a)::text AS text FROM core.approvals a WHERE id = $1',
      [approval.id],
    );
    expect(rows[0]?.text).not.toContain(code);
    expect(rows[0]?.text).not.toContain(code.replaceAll('-', ''));
  });
});

describe('the first decision wins', () => {
  it('tells a later one who decided, and a repeat of the same one that it was first', async () => {
    const { approval, code } = await openGate(stores);
    const first = await ask(stores, approval.id, 'reject');
    await stores.approvals.decide(approval.id, first);
    const late = { decisionId: randomUUID(), verdict: 'approve' as const, code };
    expect(await stores.approvals.decide(approval.id, late)).toMatchObject({
      status: 'rejected',
      first: false,
      decidedBy: stores.owner.approver,
      decidedVia: 'api',
    });
    expect(await stores.approvals.decide(approval.id, first)).toMatchObject({ status: 'rejected', first: true });
    expect(await eventsOf(approval.id)).toEqual(['requested', 'asked', 'rejected', 'late']);
  });

  it('has one winner among many at once', async () => {
    const { approval } = await openGate(stores);
    const decisions = await Promise.all(
      Array.from({ length: 8 }, (_, index) => ask(stores, approval.id, index % 2 === 0 ? 'approve' : 'reject')),
    );
    const outcomes = await Promise.all(decisions.map((decision) => stores.approvals.decide(approval.id, decision)));
    expect(outcomes.filter((outcome) => outcome?.first)).toHaveLength(1);
    expect(new Set(outcomes.map((outcome) => outcome?.status)).size).toBe(1);
  });
});

describe('time', () => {
  it('turns a decision that comes too late into an expiry', async () => {
    const { approval, code } = await openGate(stores, { expiresAfterMs: 0 });
    const decision = { decisionId: randomUUID(), verdict: 'approve' as const, code };
    expect(await stores.approvals.decide(approval.id, decision)).toMatchObject({ status: 'expired', first: false });
  });

  it('expires only what is pending and due', async () => {
    const { approval } = await openGate(stores);
    expect(await stores.approvals.expire(approval.id)).toMatchObject({ status: 'pending' });
    const due = await openGate(stores, { expiresAfterMs: 0 });
    expect(await stores.approvals.expire(due.approval.id)).toMatchObject({ status: 'expired', first: true });
    expect(await stores.approvals.expire(due.approval.id)).toMatchObject({ status: 'expired', first: false });
  });
});

it('is append-only', async () => {
  const { approval } = await openGate(stores);
  await expect(
    stores.core.query('DELETE FROM core.approval_events WHERE approval_id = $1', [approval.id]),
  ).rejects.toThrow(/permission denied|append-only/u);
  await expect(
    stores.core.query(`UPDATE core.approval_events SET event = 'approved' WHERE approval_id = $1`, [approval.id]),
  ).rejects.toThrow(/permission denied|append-only/u);
});

it('opens the same gate once', async () => {
  const { approval } = await openGate(stores);
  const again = await stores.approvals.request({
    ...approval,
    ...stores.codes.issue(approval.id),
    action: { ...approval.action, args: { what: 'caviar' } },
    expiresAfterMs: 1,
  });
  expect(again.action.args).toEqual({ what: 'milk' });
  expect(await eventsOf(approval.id)).toEqual(['requested']);
});
