import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Groceries, openGroceries } from '../../support/groceries.ts';
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

const said = (amount: string, unit: string) => ({ amount, unit });

describe('capture', () => {
  it('makes an item of each need, with the usual amount where the household has one', async () => {
    const { result, report, input } = await house.say(owner, "we're out of milk and eggs, and get 2 kg flour");
    expect(report.noted).toEqual([
      { name: 'milk', quantity: said('1', 'l'), usual: true },
      { name: 'eggs', quantity: said('10', 'piece'), usual: true },
      { name: 'flour', quantity: said('2', 'kg'), usual: false },
    ]);
    expect(result.started.map(({ ownerId, chain }) => [ownerId, chain.name])).toEqual(
      Array.from({ length: 3 }, () => [owner.ownerId, 'groceries']),
    );
    const items = await Promise.all(result.started.map(({ itemId }) => house.item(itemId)));
    expect(
      items.map((item) => [item.status, item.stage, item.quantity_origin, item.base_milli, item.base_unit]),
    ).toEqual([
      ['open', 'need', 'regular', 1_000_000, 'ml'],
      ['open', 'need', 'regular', 10_000, 'piece'],
      ['open', 'need', 'said', 2_000_000, 'g'],
    ]);
    expect(items.every((item) => item.message_id === input.messageId)).toBe(true);
    expect(items.map((item) => item.span_text)).toEqual(input.extraction.needs.map(({ span }) => span.text));
    expect(result.purchaseId).not.toBeNull();
    const purchase = await house.groceries.getPurchase(result.purchaseId ?? '');
    expect(purchase).toMatchObject({ status: 'planning', round: 0, shop: 'the corner shop', channel: 'owner' });
  });

  it('answers a repeat with what the first one did, and writes nothing', async () => {
    const { input, result, report } = await house.say(owner, 'milk and rice');
    const history = await countRows();
    expect(await house.groceries.capture(input)).toEqual({ result, report });
    expect(await house.groceries.readCapture(input.messageId)).toEqual({ result, report });
    expect(await countRows()).toEqual(history);
  });

  it('asks for an amount that is neither said nor usual, and plans nothing', async () => {
    const { result, report } = await house.say(owner, 'rice');
    expect(report.questions).toEqual(['rice']);
    expect(result).toMatchObject({ started: [expect.anything()], changed: [], purchaseId: null });
    expect(await house.item(result.started[0]?.itemId ?? '')).toMatchObject({
      status: 'open',
      quantity: null,
      unit: null,
    });
  });

  it('completes the open item when the amount comes with the name, and keeps the past', async () => {
    const first = await house.say(owner, 'rice');
    const itemId = first.result.started[0]?.itemId ?? '';
    const second = await house.say(owner, '1.5 kg rice', 'another room');
    expect(second.result).toMatchObject({ started: [], changed: [itemId] });
    expect(second.result.purchaseId).not.toBeNull();
    expect(second.report).toMatchObject({ noted: [], completed: [{ name: 'rice', quantity: said('1.5', 'kg') }] });
    expect(await house.item(itemId)).toMatchObject({
      quantity: 1.5,
      span_text: '1.5 kg rice',
      message_id: second.input.messageId,
    });
    const past = await house.household.query(
      'SELECT quantity, message_id, span_text FROM household.needs_history WHERE id = $1',
      [itemId],
    );
    expect(past.rows).toEqual([{ quantity: null, message_id: first.input.messageId, span_text: 'rice' }]);
  });

  it('completes the one open question of the conversation by a bare amount', async () => {
    const { result } = await house.say(owner, 'rice');
    const answer = await house.say(owner, '1 kg');
    expect(answer.result.changed).toEqual([result.started[0]?.itemId]);
    expect(answer.report.completed).toEqual([{ name: 'rice', quantity: said('1', 'kg'), usual: false }]);
  });

  it('does not guess what a bare amount is for', async () => {
    await house.say(owner, 'rice and beans');
    const two = await house.say(owner, '1 kg');
    expect(two.report).toMatchObject({ completed: [], notUnderstood: ['1 kg'], questions: ['rice', 'beans'] });
    const elsewhere = await house.say(await house.newOwner(), '1 kg');
    expect(elsewhere.report).toMatchObject({ completed: [], notUnderstood: ['1 kg'], questions: [] });
  });

  it('does not take a question of another conversation for the one that is meant', async () => {
    await house.say(owner, 'rice', 'another room');
    expect((await house.say(owner, '1 kg')).report).toMatchObject({ completed: [], notUnderstood: ['1 kg'] });
  });

  it('does not take a bare number for an amount', async () => {
    const { result } = await house.say(owner, 'rice');
    expect((await house.say(owner, '2')).report).toMatchObject({ completed: [], questions: ['rice'] });
    expect(await house.item(result.started[0]?.itemId ?? '')).toMatchObject({ quantity: null });
  });

  it('asks again instead of opening a second question for the same thing', async () => {
    await house.say(owner, 'rice');
    const again = await house.say(owner, 'rice');
    expect(again.result.started).toEqual([]);
    expect(again.report.questions).toEqual(['rice']);
  });

  it('does not ask what the same message goes on to answer', async () => {
    const { result, report } = await house.say(owner, 'rice, 2 kg rice');
    expect(result.started).toHaveLength(1);
    expect(report).toMatchObject({ questions: [], completed: [{ name: 'rice', quantity: said('2', 'kg') }] });
  });

  it('keeps what was not understood', async () => {
    const { report } = await house.say(owner, 'milk, what is the capital of France?');
    expect(report.notUnderstood.join()).toContain('capital of France');
  });

  it('sees nothing of another owner', async () => {
    const other = await house.newOwner();
    await house.say(other, '2 l milk, rice');
    const { result, report } = await house.say(owner, "3 l milk, 1 kg rice, don't need eggs any more");
    expect(result.started).toHaveLength(2);
    expect(report).toMatchObject({ totals: [], completed: [], notListed: ['eggs'] });
  });
});

describe('merging', () => {
  it('counts the same thing in the oldest open item, whatever the unit', async () => {
    const first = await house.say(owner, '2 l milk');
    const root = first.result.started[0]?.itemId ?? '';
    const second = await house.say(owner, '500 ml milk');
    expect(second.result).toMatchObject({ started: [], changed: [], purchaseId: first.result.purchaseId });
    expect(second.report.totals).toEqual([{ name: 'milk', quantity: said('2.5', 'l') }]);
    const { rows } = await house.household.query(
      `SELECT total.base_milli, total.parts, link.from_item, event.event
       FROM household.item_totals total
       JOIN core.pipeline_links link ON link.to_item = total.id AND link.status = 'active'
       JOIN core.stage_events event ON event.item_id = link.from_item AND event.event = 'merged' WHERE total.id = $1`,
      [root],
    );
    expect(rows).toEqual([{ base_milli: 2_500_000, parts: 2, from_item: expect.any(String), event: 'merged' }]);
    expect(await house.item(String(rows[0]?.from_item))).toMatchObject({
      status: 'merged',
      merged_into: root,
      quantity: 500,
    });
  });

  it('keeps apart what does not add up', async () => {
    const { result } = await house.say(owner, '2 l milk, 2 cartons milk, 1 l oat milk');
    expect(result.started).toHaveLength(3);
  });

  it('leaves alone what the owner is being asked about, and points everything at one root when that is planned again', async () => {
    const { result } = await house.say(owner, '1 l milk');
    const root = result.started[0]?.itemId ?? '';
    const purchaseId = result.purchaseId ?? '';
    await house.groceries.plan(purchaseId);
    await house.groceries.markAsked(purchaseId, 1, { approvalId: purchaseId, reservationId: purchaseId });
    const second = await house.say(owner, '2 l milk');
    const middle = second.result.started[0]?.itemId ?? '';
    expect(second.result.purchaseId).toBe(purchaseId);
    await house.say(owner, '3 l milk');
    const [last = ''] = await partsOf(middle);
    expect(await house.groceries.plan(purchaseId)).toEqual({ kind: 'planned', round: 2, changed: [middle] });
    expect(new Set(await partsOf(root))).toEqual(new Set([middle, last]));
    const links = await house.household.query(
      'SELECT from_item, status, to_item FROM core.pipeline_links WHERE from_item = ANY($1::uuid[]) ORDER BY created_at, status',
      [[middle, last]],
    );
    expect(links.rows.map((link) => [link.from_item, link.status, link.to_item])).toEqual([
      [last, 'superseded', middle],
      [middle, 'active', root],
      [last, 'active', root],
    ]);
  });
});

describe('removal', () => {
  it('cancels the open item with all that is counted in it', async () => {
    const { result } = await house.say(owner, '2 l milk');
    const root = result.started[0]?.itemId ?? '';
    await house.say(owner, '1 l milk');
    const removal = await house.say(owner, "we don't need milk any more");
    expect(removal.result).toMatchObject({ changed: [root], started: [] });
    expect(removal.report.cancelled).toEqual([{ name: 'milk', quantity: said('3', 'l') }]);
    expect(await house.item(root)).toMatchObject({ status: 'cancelled', next_action: null });
    expect(await partsOf(root)).toHaveLength(1);
  });

  it('cancels an open question', async () => {
    const { result } = await house.say(owner, 'rice');
    await house.say(owner, "don't need rice any more");
    expect(await house.item(result.started[0]?.itemId ?? '')).toMatchObject({ status: 'cancelled' });
    expect(await house.groceries.openQuestions(owner.ownerId, result.started[0]?.itemId ?? '')).toEqual([]);
  });

  it('tells the purchase that it was planned in', async () => {
    const { result } = await house.say(owner, 'milk');
    await house.groceries.plan(result.purchaseId ?? '');
    expect((await house.say(owner, "don't need milk any more")).result.purchaseId).toBe(result.purchaseId);
  });

  it('is too late once the order is on its way', async () => {
    const { result } = await house.say(owner, 'milk');
    const purchaseId = result.purchaseId ?? '';
    await house.groceries.plan(purchaseId);
    await house.groceries.markAsked(purchaseId, 1, { approvalId: purchaseId, reservationId: purchaseId });
    await house.groceries.startOrdering(purchaseId, 1);
    const { report } = await house.say(owner, "don't need milk any more");
    expect(report).toMatchObject({ tooLate: ['milk'], cancelled: [] });
    expect(await house.item(result.started[0]?.itemId ?? '')).toMatchObject({ status: 'open' });
  });
});

describe('buy it now', () => {
  it('plans again what a rejected purchase gave back', async () => {
    const { result } = await house.say(owner, 'milk');
    await house.groceries.plan(result.purchaseId ?? '');
    await house.groceries.close(result.purchaseId ?? '', 'rejected');
    expect((await house.say(owner, 'good morning')).result.purchaseId).toBeNull();
    const now = await house.say(owner, 'buy it now');
    expect(now.report.buyNow).toBe('asked');
    expect(now.result.purchaseId).not.toBe(result.purchaseId);
    expect(await house.groceries.plan(now.result.purchaseId ?? '')).toMatchObject({ kind: 'planned', round: 1 });
  });

  it('says when there is nothing to buy', async () => {
    const { result, report } = await house.say(owner, 'buy it now');
    expect([result.purchaseId, report.buyNow]).toEqual([null, 'nothing']);
  });
});

describe('two messages at once', () => {
  it('lose no item and no merge, and open one purchase', async () => {
    const inputs = await Promise.all(
      Array.from({ length: 8 }, () => house.understood(owner, '1 l milk and 100 g rice')),
    );
    const captured = await Promise.all(inputs.map((input) => house.groceries.capture(input)));
    expect(captured.flatMap(({ result }) => result.started)).toHaveLength(2);
    expect(new Set(captured.map(({ result }) => result.purchaseId)).size).toBe(1);
    const { rows } = await house.household.query(
      `SELECT total.name, total.base_milli, total.parts FROM household.item_totals total
       JOIN core.pipeline_items item ON item.id = total.id AND item.status = 'open' WHERE total.owner_id = $1 ORDER BY 1`,
      [owner.ownerId],
    );
    expect(rows).toEqual([
      { name: 'milk', base_milli: 8_000_000, parts: 8 },
      { name: 'rice', base_milli: 800_000, parts: 8 },
    ]);
  });

  it('capture the same message once', async () => {
    const input = await house.understood(owner, 'milk and rice');
    const [one, two] = await Promise.all([house.groceries.capture(input), house.groceries.capture(input)]);
    expect(one).toEqual(two);
    expect(await partsCount()).toBe(2);
  });
});

async function partsOf(root: string): Promise<string[]> {
  const { rows } = await house.household.query<{ id: string }>(
    'SELECT id FROM core.pipeline_items WHERE merged_into = $1',
    [root],
  );
  return rows.map(({ id }) => id);
}

async function partsCount(): Promise<number> {
  const { rows } = await house.household.query<{ count: number }>(
    'SELECT count(*) AS count FROM household.needs WHERE owner_id = $1',
    [owner.ownerId],
  );
  return rows[0]?.count ?? 0;
}

async function countRows(): Promise<unknown> {
  const { rows } = await house.household.query(
    `SELECT (SELECT count(*) FROM core.pipeline_items) AS items, (SELECT count(*) FROM core.stage_events) AS events,
       (SELECT count(*) FROM household.needs) AS needs, (SELECT count(*) FROM household.purchases) AS purchases,
       (SELECT count(*) FROM household.needs_history) AS past, (SELECT count(*) FROM household.captures) AS captures`,
  );
  return rows[0];
}
