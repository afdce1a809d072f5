import { isDeepStrictEqual } from 'node:util';
import type { PlanResult } from '../../../contracts/activities.ts';
import type { GroceriesSettings } from '../../../contracts/groceries-settings.ts';
import type { PurchaseLine } from '../../../contracts/purchase.ts';
import type { Queryable } from '../../postgres.ts';
import { cappedMinor, priceOf, quantityOf } from './amounts.ts';
import { boughtStage } from './chain.ts';
import { destination, isUndecided, lockPurchase, type Purchase } from './purchases.ts';
import { mergeOpen, type Root, sameThings, undecidedRoots } from './roots.ts';

/** The line of one group of the same thing: named after its oldest, the amounts summed up. */
function lineOf(settings: GroceriesSettings, group: readonly [Root, ...Root[]]): PurchaseLine[] {
  const [root] = group;
  if (root.total === null) return [];
  const milli = group.reduce((sum, each) => sum + (each.total?.milli ?? 0n), 0n);
  const base = { milli, unit: root.total.unit };
  const { amount, unit } = quantityOf(base);
  const price = priceOf(settings, root.nameKey, base);
  return [
    {
      item_id: root.id,
      name: root.name,
      quantity: amount,
      unit,
      base_milli: milli.toString(),
      base_unit: base.unit,
      parts: group.reduce((sum, each) => sum + each.parts.length, 0),
      price_minor: price.minor,
      estimated: price.estimated,
    },
  ];
}

/** Merging first and planning then comes to the same lines, so a plan can be foreseen without writing. */
function linesOf(settings: GroceriesSettings, roots: readonly Root[]): PurchaseLine[] {
  return sameThings(roots).flatMap((group) => lineOf(settings, group));
}

const sumOf = (lines: readonly PurchaseLine[]) =>
  cappedMinor(lines.reduce((sum, line) => sum + BigInt(line.price_minor), 0n));

function samePlan(settings: GroceriesSettings, purchase: Purchase, lines: readonly PurchaseLine[]): boolean {
  const { channel, shop, shopAddress, currency } = purchase;
  const same = isDeepStrictEqual({ channel, shop, shopAddress, currency }, destination(settings));
  return same && purchase.round > 0 && isDeepStrictEqual(purchase.lines, lines);
}

/** What is captured goes in; what was cancelled, merged away or cannot be proved goes out. */
async function claim(tx: Queryable, purchase: Purchase, settings: GroceriesSettings, ids: string[]): Promise<void> {
  await tx.query('UPDATE household.needs SET purchase_id = NULL WHERE purchase_id = $1 AND id <> ALL($2::uuid[])', [
    purchase.id,
    ids,
  ]);
  await tx.query(
    'UPDATE household.needs SET purchase_id = $1 WHERE id = ANY($2::uuid[]) AND purchase_id IS DISTINCT FROM $1',
    [purchase.id, ids],
  );
  await tx.query(
    `UPDATE core.pipeline_items SET next_action = $2, reason = NULL
     WHERE id = ANY($1::uuid[]) AND stage = 'bought' AND (next_action, reason) IS DISTINCT FROM ($2, NULL)`,
    [ids, boughtStage(settings).nextAction],
  );
}

async function writeRound(
  tx: Queryable,
  purchase: Purchase,
  settings: GroceriesSettings,
  next: { lines: PurchaseLine[]; changed: string[] },
): Promise<PlanResult> {
  const { channel, shop, shopAddress, currency } = destination(settings);
  await tx.query(
    `UPDATE household.purchases SET status = 'planning', round = round + 1, lines = $2, estimate_minor = $3, channel = $4,
       shop = $5, shop_address = $6, currency = $7, approval_id = NULL, reservation_id = NULL,
       metadata = metadata || jsonb_build_object('changed', $8::jsonb)
     WHERE id = $1`,
    [
      purchase.id,
      JSON.stringify(next.lines),
      sumOf(next.lines),
      channel,
      shop,
      shopAddress,
      currency,
      JSON.stringify(next.changed),
    ],
  );
  return { kind: 'planned', round: purchase.round + 1, changed: next.changed };
}

/** A repeat of the planning that found nothing answers the same. */
function past({ status, lines, round }: Purchase): PlanResult {
  return status === 'cancelled' && lines.length === 0 ? { kind: 'empty' } : { kind: 'decided', round, changed: [] };
}

/**
 * Gathers what is ready into the purchase and fixes the lines of a round. The same lines are the same round, unless the
 * gate of that one is closed: the round is to be later than `after`.
 */
export async function plan(
  tx: Queryable,
  settings: GroceriesSettings,
  purchaseId: string,
  after: number,
): Promise<PlanResult | null> {
  const purchase = await lockPurchase(tx, purchaseId);
  if (purchase === null) return null;
  if (!isUndecided(purchase.status)) return past(purchase);
  const merges = await mergeOpen(tx, purchase.ownerId, purchase.id);
  const roots = await undecidedRoots(tx, purchase.ownerId, purchase.id);
  const lines = linesOf(settings, roots);
  await claim(
    tx,
    purchase,
    settings,
    roots.map((root) => root.id),
  );
  if (lines.length === 0) {
    await tx.query(
      "UPDATE household.purchases SET status = 'cancelled', lines = '[]', estimate_minor = 0 WHERE id = $1",
      [purchase.id],
    );
    return { kind: 'empty' };
  }
  if (purchase.round > after && samePlan(settings, purchase, lines)) {
    return { kind: 'planned', round: purchase.round, changed: purchase.changed };
  }
  return writeRound(tx, purchase, settings, { lines, changed: merges.map((merge) => merge.from) });
}

/** Whether planning now would make another list than the one of the current round; false once it is decided. */
export async function planChanged(tx: Queryable, settings: GroceriesSettings, purchaseId: string): Promise<boolean> {
  const purchase = await lockPurchase(tx, purchaseId);
  if (purchase === null || !isUndecided(purchase.status)) return false;
  const roots = await undecidedRoots(tx, purchase.ownerId, purchase.id);
  return !samePlan(settings, purchase, linesOf(settings, roots));
}
