import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { priceOf } from '../../../adapters/store/groceries/amounts.ts';
import type { Extraction } from '../../../contracts/extraction.ts';
import { decimal } from '../../../contracts/quantity.ts';
import { displayUnits, sizeOf, type Unit } from '../../../contracts/units.ts';
import { type Groceries, openGroceries, testSettings } from '../../support/groceries.ts';
import type { TestOwner } from '../../support/stores.ts';

let house: Groceries;

beforeAll(async () => {
  house = await openGroceries();
});
afterAll(() => house.close());

type Entry =
  | { kind: 'need'; name: string; thousandths: bigint; unit: Unit }
  | { kind: 'question' | 'removal'; name: string }
  | { kind: 'amount'; thousandths: bigint; unit: Unit };
type Step = { kind: 'message'; entries: Entry[] } | { kind: 'plan' | 'order' | 'reject' };

const name = fc.constantFrom('rice', 'oats');
const unit = fc.constantFrom<Unit>('g', 'kg', 'l', 'carton');
const thousandths = fc.bigInt({ min: 1n, max: 999_999_999n });
const need = fc.record({ kind: fc.constant('need' as const), name, thousandths, unit });
const mention = fc.record({ kind: fc.constantFrom('question' as const, 'removal' as const), name });
const amount = fc.record({ kind: fc.constant('amount' as const), thousandths, unit });
const entry: fc.Arbitrary<Entry> = fc.oneof({ weight: 5, arbitrary: need }, mention, amount);
const messages = fc.record({
  kind: fc.constant('message' as const),
  entries: fc.array(entry, { minLength: 1, maxLength: 4 }),
});
const purchases = fc.record({ kind: fc.constantFrom('plan' as const, 'order' as const, 'reject' as const) });
const step: fc.Arbitrary<Step> = fc.oneof({ weight: 2, arbitrary: messages }, purchases);

/** What the rules say, without a database: how much of each thing is still wanted, and how much is on its way. */
class Model {
  items = 0;
  said = new Map<string, bigint>();
  wanted = new Map<string, bigint>();
  fixed = new Map<string, bigint>();
  questions = new Set<string>();

  hear(heard: Entry): void {
    if (heard.kind === 'need') this.need(heard.name, heard);
    if (heard.kind === 'amount' && this.questions.size === 1) this.need([...this.questions].join(), heard);
    if (heard.kind === 'question' && !this.questions.has(heard.name)) {
      this.questions.add(heard.name);
      this.items += 1;
    }
    if (heard.kind === 'removal') {
      this.questions.delete(heard.name);
      for (const key of this.wanted.keys()) if (key.startsWith(`${heard.name} `)) this.wanted.delete(key);
    }
  }

  need(thing: string, much: { thousandths: bigint; unit: Unit }): void {
    if (!this.questions.delete(thing)) this.items += 1;
    const key = `${thing} ${displayUnits(much.unit).at(-1)}`;
    const milli = much.thousandths * sizeOf(much.unit);
    for (const known of [this.said, this.wanted]) known.set(key, (known.get(key) ?? 0n) + milli);
  }

  order(): void {
    for (const [key, milli] of this.wanted) this.fixed.set(key, (this.fixed.get(key) ?? 0n) + milli);
    this.wanted.clear();
  }

  live(): Map<string, bigint> {
    const all = new Map(this.fixed);
    for (const [key, milli] of this.wanted) all.set(key, (all.get(key) ?? 0n) + milli);
    return all;
  }
}

/** The message that says just this, and a reading of it with exact spans. */
function message(entries: Entry[]): { body: string; extraction: Extraction } {
  const extraction: Extraction = { needs: [], removals: [], amounts: [], buyNow: false, notUnderstood: [] };
  let body = '';
  for (const each of entries) {
    const quantity = 'thousandths' in each ? decimal(each.thousandths) : null;
    const words = [quantity, 'unit' in each ? each.unit : null, 'name' in each ? each.name : null];
    const text = words.filter((word) => word !== null).join(' ');
    const span = { start: body.length, end: body.length + text.length, text };
    body += `${text}, `;
    if (each.kind === 'need') extraction.needs.push({ name: each.name, quantity, unit: each.unit, span });
    if (each.kind === 'question') extraction.needs.push({ name: each.name, quantity: null, unit: null, span });
    if (each.kind === 'removal') extraction.removals.push({ name: each.name, span });
    if (each.kind === 'amount') extraction.amounts.push({ quantity: quantity ?? '1', unit: each.unit, span });
  }
  return { body, extraction };
}

/** Does a step twice: a repeat must answer the same. What it changed twice, the sums at the end would show. */
async function twice<T>(work: () => Promise<T>): Promise<T> {
  const first = await work();
  expect(await work()).toEqual(first);
  return first;
}

async function say(owner: TestOwner, model: Model, entries: Entry[]): Promise<string | null> {
  const { body, extraction } = message(entries);
  const { messageId, conversationId } = await house.write(owner, body);
  const input = { messageId, conversationId, ownerId: owner.ownerId, source: 'api', reader: 'test', extraction };
  const { result } = await twice(() => house.groceries.capture(input));
  for (const each of entries) model.hear(each);
  return result.purchaseId;
}

async function buy(model: Model, purchaseId: string, kind: 'plan' | 'order' | 'reject'): Promise<void> {
  const plan = await twice(() => house.groceries.plan(purchaseId));
  if (plan?.kind !== 'planned' || kind === 'plan') return;
  const gate = { approvalId: randomUUID(), reservationId: randomUUID() };
  await twice(() => house.groceries.markAsked(purchaseId, plan.round, gate));
  if (kind === 'reject') {
    await twice(() => house.groceries.close(purchaseId, 'rejected'));
    return;
  }
  const { started } = await twice(() => house.groceries.startOrdering(purchaseId, plan.round));
  if (started) model.order();
}

async function sums(owner: TestOwner, sql: string): Promise<Map<string, bigint>> {
  const { rows } = await house.household.query<{ key: string; milli: string }>(sql, [owner.ownerId]);
  return new Map(rows.map(({ key, milli }) => [key, BigInt(milli)]));
}

it('counts every item and every gram once, whatever is said, merged, removed and planned', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 10 }), async (steps) => {
      const owner = await house.newOwner();
      const model = new Model();
      let open: string | null = null;
      for (const each of steps) {
        if (each.kind === 'message') open = (await say(owner, model, each.entries)) ?? open;
        else if (open !== null) await buy(model, open, each.kind);
      }
      const { rows } = await house.core.query<Record<string, number>>(
        'SELECT * FROM core.pipeline_sums WHERE owner_id = $1',
        [owner.ownerId],
      );
      const { items_in = 0, by_stage = 0, waived = 0, merged = 0, cancelled = 0 } = rows[0] ?? {};
      expect([items_in, by_stage + waived + merged + cancelled]).toEqual([model.items, model.items]);
      const said = `SELECT name_key || ' ' || base_unit AS key, sum(base_milli)::text AS milli FROM household.needs
        WHERE owner_id = $1 AND quantity IS NOT NULL GROUP BY 1`;
      expect(await sums(owner, said)).toEqual(keyed(model.said));
      const live = `SELECT total.name_key || ' ' || total.base_unit AS key, sum(total.base_milli)::text AS milli
        FROM household.item_totals total JOIN core.pipeline_items item ON item.id = total.id AND item.status <> 'cancelled'
        WHERE total.owner_id = $1 AND total.base_unit IS NOT NULL GROUP BY 1`;
      expect(await sums(owner, live)).toEqual(keyed(model.live()));
    }),
    { numRuns: 40 },
  );
});

/** The model's names by the key of a name: "oats" is kept under "oat". */
const keyed = (all: Map<string, bigint>) =>
  new Map([...all].map(([key, milli]) => [key.replace('oats', 'oat'), milli]));

it('prices exactly, half a minor unit rounded up', () => {
  const settings = {
    ...testSettings,
    regulars: [
      { name: 'rice', quantity: { amount: '0.4', unit: 'kg' as const }, price: { minor: 5, currency: 'EUR' } },
    ],
  };
  fc.assert(
    fc.property(fc.bigInt({ min: 1n, max: 10n ** 15n }), (milli) => {
      const { minor, estimated } = priceOf(settings, 'rice', { milli, unit: 'g' });
      const doubled = 2n * BigInt(minor) * 400_000n;
      expect(estimated).toBe(false);
      expect(doubled - 2n * 5n * milli <= 400_000n && doubled - 2n * 5n * milli > -400_000n).toBe(true);
    }),
  );
  expect(priceOf(settings, 'rice', { milli: 10n ** 30n, unit: 'g' }).minor).toBe(Number.MAX_SAFE_INTEGER);
  expect(priceOf(settings, 'rice', { milli: 1_000n, unit: 'carton' })).toEqual({ minor: 400, estimated: true });
});
