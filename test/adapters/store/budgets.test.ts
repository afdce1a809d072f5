import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openStores, type Stores } from '../../support/stores.ts';

let stores: Stores;
beforeAll(async () => {
  stores = await openStores();
});
afterAll(() => stores.close());

const capMinor = 10_000;
const week = () => ({
  budgetId: randomUUID(),
  ownerId: stores.owner.ownerId,
  butler: 'household',
  periodStart: new Date(Math.floor(Math.random() * 1e12)).toISOString().slice(0, 10),
  currency: 'EUR',
  capMinor,
});
const wish = (amountMinor: number, workflowId: string = randomUUID(), attempt = 1) => ({
  reservationId: randomUUID(),
  amountMinor,
  workflowId,
  attempt,
});

describe('reservations', () => {
  it('never pass the cap, however many come at once', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 1, max: 6_000 }), { minLength: 2, maxLength: 8 }),
        async (amounts) => {
          const budget = week();
          const answers = await Promise.all(amounts.map((amount) => stores.budgets.reserve(budget, wish(amount))));
          const reserved = amounts
            .filter((_, index) => answers[index]?.reserved)
            .reduce((sum, amount) => sum + amount, 0);
          expect(reserved).toBeLessThanOrEqual(capMinor);
          const refused = amounts.filter((_, index) => !answers[index]?.reserved);
          for (const amount of refused) {
            expect(reserved + amount).toBeGreaterThan(capMinor);
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  it('are the same when asked again', async () => {
    const budget = week();
    const request = wish(4_000);
    expect(await stores.budgets.reserve(budget, request)).toEqual({ reserved: true, leftMinor: 6_000 });
    expect(await stores.budgets.reserve(budget, request)).toEqual({ reserved: true, leftMinor: 6_000 });
    expect(await stores.budgets.left(request.reservationId)).toBe(6_000);
  });

  it('of a later round replace those of the earlier ones', async () => {
    const budget = week();
    const flow = randomUUID();
    await stores.budgets.reserve(budget, wish(9_000, flow, 1));
    expect(await stores.budgets.reserve(budget, wish(8_000, flow, 2))).toEqual({ reserved: true, leftMinor: 2_000 });
  });

  it('are settled at what it cost, which may be less or more', async () => {
    const budget = week();
    const [cheap, dear] = [wish(4_000), wish(4_000)];
    await stores.budgets.reserve(budget, cheap);
    await stores.budgets.reserve(budget, dear);
    expect(await stores.budgets.settle(cheap.reservationId, 1_000)).toEqual({ overMinor: 0 });
    expect(await stores.budgets.settle(dear.reservationId, 9_500)).toEqual({ overMinor: 500 });
    expect(await stores.budgets.settle(dear.reservationId, 1)).toEqual({ overMinor: 500 });
  });

  it('are free again when the flow lets go', async () => {
    const budget = week();
    const request = wish(9_000);
    await stores.budgets.reserve(budget, request);
    expect(await stores.budgets.release(request.workflowId)).toBe(1);
    expect(await stores.budgets.release(request.workflowId)).toBe(0);
    expect(await stores.budgets.reserve(budget, wish(9_000))).toMatchObject({ reserved: true });
  });
});
