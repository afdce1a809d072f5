import type { GroceriesSettings } from '../../../contracts/groceries-settings.ts';
import type { Queryable } from '../../postgres.ts';
import { endPurchase } from './ending.ts';
import {
  existingLeftover,
  lockPurchase,
  openLeftover,
  type OrderReceipt,
  type Purchase,
  unplannedExist,
} from './purchases.ts';

/** The gate of a round and the money that it would spend. */
export interface Asked {
  approvalId: string;
  reservationId: string;
}

/**
 * `not_asked`: the round is another one, or was decided otherwise. `changed`: the owner took something off the list after
 * being asked, so what was approved is not what is wanted; plan again.
 */
export type OrderingStart =
  | { started: true; leftoverPurchaseId: string | null }
  | { started: false; reason: 'not_asked' | 'changed' };

/** How the sending of an order ended, under which intent. */
export interface OrderEnd {
  status: 'ordered' | 'unknown' | 'failed';
  intentId: string;
  receipt: OrderReceipt;
}

/** Notes that the owner was asked about a round; false when the purchase is elsewhere. */
export async function markAsked(tx: Queryable, purchaseId: string, round: number, asked: Asked): Promise<boolean> {
  const { rowCount } = await tx.query(
    `UPDATE household.purchases SET status = 'asked', approval_id = $3, reservation_id = $4
     WHERE id = $1 AND round = $2 AND (status = 'planning' OR status = 'asked' AND approval_id = $3)`,
    [purchaseId, round, asked.approvalId, asked.reservationId],
  );
  return rowCount === 1;
}

/** Every line's item is still wanted. */
async function stillWanted(tx: Queryable, purchase: Purchase): Promise<boolean> {
  const ids = purchase.lines.map((line) => line.item_id);
  const { rowCount } = await tx.query(
    `SELECT 1 FROM core.pipeline_items item JOIN household.needs need ON need.id = item.id
     WHERE item.id = ANY($1::uuid[]) AND item.status = 'open' AND need.purchase_id = $2`,
    [ids, purchase.id],
  );
  return rowCount === ids.length;
}

/**
 * From here on the list is fixed: asked → ordering, once. A repeat answers the same. `asApproved`: it may have been
 * ordered already, so what was taken off the list since changes nothing.
 */
export async function startOrdering(
  tx: Queryable,
  settings: GroceriesSettings,
  purchaseId: string,
  { round, asApproved }: { round: number; asApproved: boolean },
): Promise<OrderingStart> {
  const purchase = await lockPurchase(tx, purchaseId);
  if (purchase === null || purchase.round !== round) return { started: false, reason: 'not_asked' };
  if (purchase.status === 'ordering') {
    return { started: true, leftoverPurchaseId: await existingLeftover(tx, purchaseId) };
  }
  if (purchase.status !== 'asked') return { started: false, reason: 'not_asked' };
  if (!asApproved && !(await stillWanted(tx, purchase))) return { started: false, reason: 'changed' };
  await tx.query("UPDATE household.purchases SET status = 'ordering' WHERE id = $1", [purchaseId]);
  const more = await unplannedExist(tx, purchase.ownerId);
  return { started: true, leftoverPurchaseId: more ? await openLeftover(tx, settings, purchase) : null };
}

const nextActions = {
  ordered: 'Confirm the purchase with the amount paid, or say that it was not bought.',
  unknown: 'Find out whether the order arrived, then confirm it with the amount paid, or say that it was not bought.',
} as const;

/**
 * How the sending ended: ordering → ordered, unknown, or failed with its items given back. Answers the items to look at
 * again; a repeat answers the same and changes nothing.
 */
export async function recordOrdered(tx: Queryable, purchaseId: string, end: OrderEnd): Promise<{ changed: string[] }> {
  const purchase = await lockPurchase(tx, purchaseId);
  if (purchase === null) return { changed: [] };
  const items = purchase.lines.map((line) => line.item_id);
  if (purchase.status !== 'ordering') return { changed: items };
  const { outcome, providerId, detail } = end.receipt;
  await tx.query(
    `UPDATE household.purchases SET intent_id = $2, metadata = metadata || jsonb_build_object('receipt', $3::jsonb)
     WHERE id = $1`,
    [purchaseId, end.intentId, JSON.stringify({ outcome, providerId, detail })],
  );
  if (end.status === 'failed') return { changed: await endPurchase(tx, purchase, 'failed') };
  await tx.query('UPDATE household.purchases SET status = $2 WHERE id = $1', [purchaseId, end.status]);
  await tx.query(
    "UPDATE core.pipeline_items SET next_action = $2 WHERE id = ANY($1::uuid[]) AND status = 'open' AND stage = 'bought'",
    [items, nextActions[end.status]],
  );
  return { changed: items };
}
