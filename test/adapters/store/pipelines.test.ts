import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Groceries, openGroceries } from '../../support/groceries.ts';

let house: Groceries;

beforeAll(async () => {
  house = await openGroceries();
});
afterAll(() => house.close());

it('cancels an open item once, with the reason as evidence', async () => {
  const { result } = await house.say(await house.newOwner(), 'milk');
  const itemId = result.started[0]?.itemId ?? '';
  expect(await house.pipelines.cancel(itemId, 'Stopped from outside.')).toBe(true);
  expect(await house.pipelines.cancel(itemId, 'Again.')).toBe(false);
  expect(await house.item(itemId)).toMatchObject({
    status: 'cancelled',
    reason: 'Stopped from outside.',
    next_action: null,
  });
  const { rows } = await house.household.query(
    "SELECT evidence FROM core.stage_events WHERE item_id = $1 AND event = 'cancelled'",
    [itemId],
  );
  expect(rows).toEqual([{ evidence: { reason: 'Stopped from outside.' } }]);
});

it('knows no item that is not there', async () => {
  expect(await house.pipelines.withItem(randomUUID(), async () => undefined)).toBeNull();
  expect(await house.pipelines.cancel(randomUUID(), 'No.')).toBe(false);
});

it('lets nobody else at an item before the step is over', async () => {
  const { result } = await house.say(await house.newOwner(), '1 kg rice');
  const itemId = result.started[0]?.itemId ?? '';
  const order: string[] = [];
  const waiting = 'SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))';
  let begin = (): void => undefined;
  const begun = new Promise<void>((resolve) => {
    begin = resolve;
  });
  const second = begun.then(() => house.pipelines.withItem(itemId, async () => void order.push('second')));
  await house.pipelines.withItem(itemId, async (item) => {
    begin();
    await expect.poll(async () => (await item.tx.query(waiting)).rowCount, { timeout: 3_000 }).toBe(1);
    order.push('first');
  });
  await second;
  expect(order).toEqual(['first', 'second']);
});
