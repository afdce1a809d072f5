import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createGroceriesStore } from '../../../adapters/store/groceries.ts';
import { type Groceries, openGroceries, testSettings } from '../../support/groceries.ts';
import type { TestOwner } from '../../support/stores.ts';

let house: Groceries;
let owner: TestOwner;

beforeAll(async () => {
  house = await openGroceries();
});
beforeEach(async () => {
  owner = await house.newOwner();
});
afterAll(() => house.close());

const receipt = { outcome: 'delivered', providerId: 'message 1', detail: null };

/** A purchase of what the message asks for, as far as the owner is asked. */
async function asked(body: string) {
  const { result } = await house.say(owner, body);
  const purchaseId = result.purchaseId ?? '';
  await house.groceries.plan(purchaseId);
  const gate = { approvalId: randomUUID(), reservationId: randomUUID() };
  expect(await house.groceries.markAsked(purchaseId, 1, gate)).toBe(true);
  return { purchaseId, gate, items: result.started.map(({ itemId }) => itemId) };
}

async function ordered(body: string, status: 'ordered' | 'unknown' = 'ordered') {
  const purchase = await asked(body);
  await house.groceries.startOrdering(purchase.purchaseId, 1);
  const intentId = randomUUID();
  const end = { status, intentId, receipt: { ...receipt, outcome: status === 'ordered' ? 'delivered' : 'unknown' } };
  expect(await house.groceries.recordOrdered(purchase.purchaseId, end)).toEqual({ changed: purchase.items });
  return { ...purchase, intentId, end };
}

const current = async (purchaseId: string) =>
  (await house.groceries.getPurchase(purchaseId)) ?? expect.fail('no purchase');

describe('plan', () => {
  it('gathers what is ready, and fixes lines with exact prices', async () => {
    const { result } = await house.say(owner, '1.5 l milk, 15 eggs, 2 cartons milk, rice');
    const purchaseId = result.purchaseId ?? '';
    expect(await house.groceries.planChanged(purchaseId)).toBe(true);
    expect(await house.groceries.plan(purchaseId)).toEqual({ kind: 'planned', round: 1, changed: [] });
    const purchase = await current(purchaseId);
    expect(
      purchase.lines.map((line) => [line.name, line.quantity, line.unit, line.price_minor, line.estimated]),
    ).toEqual([
      ['milk', '1.5', 'l', 194, false],
      ['eggs', '15', 'piece', 449, false],
      ['milk', '2', 'carton', 400, true],
    ]);
    expect(purchase).toMatchObject({ status: 'planning', estimateMinor: 1_043 });
    const planned = await Promise.all(result.started.map(({ itemId }) => house.item(itemId)));
    expect(planned.map((item) => item.purchase_id)).toEqual([purchaseId, purchaseId, purchaseId, null]);
  });

  it('is the same round as long as the list is the same', async () => {
    const { purchaseId, gate } = await asked('milk');
    const before = await current(purchaseId);
    expect(await house.groceries.planChanged(purchaseId)).toBe(false);
    expect(await house.groceries.plan(purchaseId)).toMatchObject({ kind: 'planned', round: 1 });
    expect(await current(purchaseId)).toEqual(before);
    expect(before).toMatchObject({ status: 'asked', ...gate });
  });

  it('is another round when the gate of the current one is closed, and answers a repeat alike', async () => {
    const { purchaseId } = await asked('milk');
    expect(await house.groceries.plan(purchaseId, 1)).toMatchObject({ kind: 'planned', round: 2 });
    expect(await house.groceries.plan(purchaseId, 1)).toMatchObject({ kind: 'planned', round: 2 });
    expect(await current(purchaseId)).toMatchObject({ status: 'planning', approvalId: null });
  });

  it('opens the next round when the list has changed, and answers a repeat alike', async () => {
    const { purchaseId } = await asked('1 l milk');
    const second = await house.say(owner, '1 l milk, 500 g rice');
    expect(await house.groceries.planChanged(purchaseId)).toBe(true);
    const planned = await house.groceries.plan(purchaseId);
    expect(planned).toEqual({ kind: 'planned', round: 2, changed: [second.result.started[0]?.itemId] });
    expect(await house.groceries.plan(purchaseId)).toEqual(planned);
    const purchase = await current(purchaseId);
    expect(purchase).toMatchObject({ status: 'planning', approvalId: null, reservationId: null });
    expect(purchase.lines.map((line) => [line.name, line.quantity, line.base_milli, line.parts])).toEqual([
      ['milk', '2', '2000000', 2],
      ['rice', '500', '500000', 1],
    ]);
  });

  it('drops what was cancelled, and ends when nothing is left', async () => {
    const { purchaseId, items } = await asked('milk, 1 kg rice');
    await house.say(owner, "don't need milk any more");
    expect(await house.groceries.plan(purchaseId)).toMatchObject({ kind: 'planned', round: 2 });
    expect((await current(purchaseId)).lines.map((line) => line.name)).toEqual(['rice']);
    expect(await house.item(items[0] ?? '')).toMatchObject({ status: 'cancelled', purchase_id: null });
    await house.say(owner, "don't need rice any more");
    expect(await house.groceries.plan(purchaseId)).toEqual({ kind: 'empty' });
    expect(await house.groceries.plan(purchaseId)).toEqual({ kind: 'empty' });
    expect(await current(purchaseId)).toMatchObject({ status: 'cancelled', lines: [] });
  });

  it('changes the round when the settings send the order elsewhere', async () => {
    const { purchaseId } = await asked('milk');
    const moved = createGroceriesStore(house.household, {
      ...testSettings,
      channel: 'email',
      shopEmail: 'shop@example.org',
    });
    expect(await moved.planChanged(purchaseId)).toBe(true);
    expect(await moved.plan(purchaseId)).toMatchObject({ round: 2 });
    expect(await current(purchaseId)).toMatchObject({ channel: 'email', shopAddress: 'shop@example.org' });
  });

  it('leaves out an item whose words do not stand in its message', async () => {
    const { result } = await house.say(owner, 'milk, 1 kg rice');
    await house.household.query("UPDATE household.needs SET span_text = 'oats' WHERE id = $1", [
      result.started[1]?.itemId,
    ]);
    await house.groceries.plan(result.purchaseId ?? '');
    expect((await current(result.purchaseId ?? '')).lines.map((line) => line.name)).toEqual(['milk']);
  });

  it('touches nothing once it is decided, and knows no purchase that is not there', async () => {
    const { purchaseId } = await ordered('milk');
    await house.say(owner, '1 l milk');
    expect(await house.groceries.plan(purchaseId)).toEqual({ kind: 'decided', round: 1, changed: [] });
    expect(await house.groceries.planChanged(purchaseId)).toBe(false);
    expect(await house.groceries.plan(randomUUID())).toBeNull();
  });
});

describe('ordering', () => {
  it('begins once, for the round that was asked', async () => {
    const { purchaseId, gate } = await asked('milk');
    expect(await house.groceries.markAsked(purchaseId, 1, gate)).toBe(true);
    expect(await house.groceries.markAsked(purchaseId, 2, gate)).toBe(false);
    expect(await house.groceries.startOrdering(purchaseId, 2)).toEqual({ started: false, reason: 'not_asked' });
    const starts = await Promise.all([1, 2].map(() => house.groceries.startOrdering(purchaseId, 1)));
    expect(starts).toEqual([1, 2].map(() => ({ started: true, leftoverPurchaseId: null })));
    expect(await house.groceries.markAsked(purchaseId, 1, gate)).toBe(false);
  });

  it('opens one purchase for what became ready meanwhile', async () => {
    const { purchaseId } = await asked('milk');
    const late = await house.say(owner, '1 l milk');
    const start = await house.groceries.startOrdering(purchaseId, 1);
    expect(start).toEqual({ started: true, leftoverPurchaseId: expect.any(String) });
    expect(await house.groceries.startOrdering(purchaseId, 1)).toEqual(start);
    const leftover = start.started ? (start.leftoverPurchaseId ?? '') : '';
    expect(await house.groceries.plan(leftover)).toMatchObject({ kind: 'planned', round: 1 });
    expect((await current(leftover)).lines.map((line) => line.item_id)).toEqual([late.result.started[0]?.itemId]);
  });

  it('does not begin when the owner has taken something off the list', async () => {
    const { purchaseId } = await asked('milk, 1 kg rice');
    await house.say(owner, "don't need milk any more");
    expect(await house.groceries.startOrdering(purchaseId, 1)).toEqual({ started: false, reason: 'changed' });
    expect(await current(purchaseId)).toMatchObject({ status: 'asked' });
  });

  it('stores how it went, once', async () => {
    const { purchaseId, intentId, items, end } = await ordered('milk');
    expect(await current(purchaseId)).toMatchObject({ status: 'ordered', intentId, receipt });
    expect(await house.groceries.recordOrdered(purchaseId, { ...end, status: 'failed' })).toEqual({ changed: items });
    expect(await current(purchaseId)).toMatchObject({ status: 'ordered' });
  });

  it('gives the items back when it failed', async () => {
    const { purchaseId, items } = await asked('milk');
    await house.groceries.startOrdering(purchaseId, 1);
    await house.advance(owner, items[0] ?? '');
    const end = { status: 'failed' as const, intentId: randomUUID(), receipt: { ...receipt, outcome: 'refused' } };
    expect(await house.groceries.recordOrdered(purchaseId, end)).toEqual({ changed: items });
    expect(await house.groceries.close(purchaseId, 'failed')).toEqual({
      closed: true,
      changed: items,
      leftoverPurchaseId: null,
    });
    expect(await house.item(items[0] ?? '')).toMatchObject({
      purchase_id: null,
      reason: 'The order could not be sent.',
    });
  });
});

describe('confirm', () => {
  const bought = (purchaseId: string, amountMinor = 250) => {
    return { purchaseId, ownerId: owner.ownerId, by: owner.approver, verdict: 'bought' as const, amountMinor };
  };

  it.each(['ordered', 'unknown'] as const)('takes the first word on an order that is %s', async (status) => {
    const { purchaseId, items } = await ordered('milk', status);
    const outcomes = await Promise.all([
      house.groceries.confirm(bought(purchaseId)),
      house.groceries.confirm({ ...bought(purchaseId), verdict: 'not_bought', amountMinor: null, by: 'key:other' }),
    ]);
    expect(outcomes.map(({ kind }) => kind).sort()).toEqual(['already', 'confirmed']);
    expect(outcomes).toContainEqual({ kind: 'confirmed', changed: items });
    const purchase = await current(purchaseId);
    const late = await house.groceries.confirm({ ...bought(purchaseId), by: 'key:third' });
    expect(late).toEqual({
      kind: 'already',
      status: purchase.status,
      by: purchase.confirmedBy,
      at: purchase.confirmedAt,
    });
  });

  it('answers a repeat of the first word like the first', async () => {
    const { purchaseId, items } = await ordered('milk');
    const once = await house.groceries.confirm(bought(purchaseId));
    expect(once).toEqual({ kind: 'confirmed', changed: items });
    expect(await house.groceries.confirm(bought(purchaseId))).toEqual(once);
    expect(await house.groceries.confirm(bought(purchaseId, 300))).toMatchObject({ kind: 'already' });
    expect(await current(purchaseId)).toMatchObject({
      status: 'bought',
      actualMinor: 250,
      confirmedBy: owner.approver,
    });
  });

  it('gives the items back when it was not bought, to be asked about again', async () => {
    const { purchaseId, items } = await ordered('milk');
    await house.advance(owner, items[0] ?? '');
    const word = { ...bought(purchaseId), verdict: 'not_bought' as const, amountMinor: null };
    expect(await house.groceries.confirm(word)).toEqual({ kind: 'confirmed', changed: items });
    expect(await house.groceries.close(purchaseId, 'not_bought')).toEqual({
      closed: true,
      changed: items,
      leftoverPurchaseId: null,
    });
    expect(await house.item(items[0] ?? '')).toMatchObject({
      status: 'open',
      stage_state: 'open',
      purchase_id: null,
      reason: 'It was not bought.',
      next_action: expect.stringContaining('buy it now'),
    });
  });

  it('has nothing to say about what is not ordered, or is not this owner’s', async () => {
    const { purchaseId: out } = await ordered('butter');
    const { purchaseId } = await asked('milk');
    expect(await house.groceries.confirm(bought(purchaseId))).toEqual({ kind: 'not_ordered' });
    expect(await house.groceries.confirm(bought(randomUUID()))).toEqual({ kind: 'not_ordered' });
    const other = await house.newOwner();
    expect(await house.groceries.confirm({ ...bought(out), ownerId: other.ownerId })).toEqual({ kind: 'not_ordered' });
    await expect(house.groceries.confirm({ ...bought(out), amountMinor: null })).rejects.toThrow(RangeError);
  });
});

describe('close', () => {
  it.each(['rejected', 'expired', 'cancelled', 'over_budget', 'failed'] as const)(
    'gives the items back: %s',
    async (ending) => {
      const { purchaseId, items } = await asked('milk');
      await house.advance(owner, items[0] ?? '');
      const closed = await house.groceries.close(purchaseId, ending);
      expect(closed).toEqual({ closed: true, changed: items, leftoverPurchaseId: null });
      expect(await house.groceries.close(purchaseId, ending)).toEqual(closed);
      expect(await current(purchaseId)).toMatchObject({ status: ending });
      const item = await house.item(items[0] ?? '');
      expect(item).toMatchObject({
        purchase_id: null,
        status: 'open',
        next_action: expect.stringContaining('buy it now'),
      });
    },
  );

  it('changes nothing about what has gone another way', async () => {
    const { purchaseId } = await ordered('milk');
    expect(await house.groceries.close(purchaseId, 'rejected')).toEqual({
      closed: false,
      changed: [],
      leftoverPurchaseId: null,
    });
    expect(await house.groceries.close(randomUUID(), 'rejected')).toEqual({
      closed: false,
      changed: [],
      leftoverPurchaseId: null,
    });
    expect(await current(purchaseId)).toMatchObject({ status: 'ordered' });
  });
});

describe('one purchase at a time', () => {
  it('is undecided per owner', async () => {
    const wanted = { ownerId: owner.ownerId, conversationId: owner.conversationId };
    const [one, two] = await Promise.all(
      ['a', 'b'].map((seed) => house.groceries.openPurchase({ ...wanted, seed: owner.ownerId + seed })),
    );
    expect(one).toBe(two);
  });
});
