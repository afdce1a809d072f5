import type { PurchaseEnd } from '../../../contracts/activities.ts';
import type { GroceriesSettings } from '../../../contracts/groceries-settings.ts';
import type { PurchaseStatus } from '../../../contracts/purchase.ts';
import type { Queryable } from '../../postgres.ts';
import { existingLeftover, lockPurchase, openLeftover, type Purchase, unplannedExist } from './purchases.ts';

/** How a purchase ends without its items being bought. */
export type Ending = PurchaseEnd | 'not_bought';

/** Somebody's word on an order. `amountMinor` is what was paid, in minor units of its currency; null unless bought. */
export interface Confirmation {
  purchaseId: string;
  ownerId: string;
  by: string;
  verdict: 'bought' | 'not_bought';
  amountMinor: number | null;
  /** The word's own id at its door, where it names no purchase: a repeat is about the purchase that it was about first. */
  wordId?: string;
}

export type ConfirmationOutcome =
  | { kind: 'confirmed'; changed: string[] }
  /** Somebody was first; this word changes nothing. */
  | { kind: 'already'; status: PurchaseStatus; by: string | null; at: Date | null }
  /** This owner has no such order, or it has not gone out. */
  | { kind: 'not_ordered' };

const again = 'Write “buy it now” to be asked again, or that it is not needed any more.';
const endings: Record<Ending, { from: readonly PurchaseStatus[]; reason: string; nextAction: string }> = {
  rejected: { from: ['planning', 'asked'], reason: 'The purchase was rejected.', nextAction: again },
  expired: { from: ['planning', 'asked'], reason: 'Nobody said in time whether to buy it.', nextAction: again },
  cancelled: { from: ['planning', 'asked'], reason: 'The purchase was cancelled.', nextAction: again },
  over_budget: {
    from: ['planning', 'asked'],
    reason: 'The budget of the week does not hold it.',
    nextAction: 'Take something off the list or wait for the next week, then write “buy it now”.',
  },
  failed: { from: ['planning', 'asked', 'ordering'], reason: 'The order could not be sent.', nextAction: again },
  not_bought: { from: ['ordered', 'unknown'], reason: 'It was not bought.', nextAction: again },
};

/** Ends a locked purchase and gives its items back; answers the items to look at again. */
export async function endPurchase(tx: Queryable, purchase: Purchase, ending: Ending): Promise<string[]> {
  const { reason, nextAction } = endings[ending];
  const { rows } = await tx.query<{ id: string }>(
    'UPDATE household.needs SET purchase_id = NULL WHERE purchase_id = $1 RETURNING id',
    [purchase.id],
  );
  const items = rows.map((row) => row.id);
  await tx.query(
    `UPDATE core.pipeline_items SET stage_state = 'open', reason = $2, next_action = $3
     WHERE id = ANY($1::uuid[]) AND status = 'open' AND stage = 'bought'`,
    [items, reason, nextAction],
  );
  await tx.query(
    `UPDATE household.purchases SET status = $2, metadata = metadata || jsonb_build_object('changed', $3::jsonb) WHERE id = $1`,
    [purchase.id, ending, JSON.stringify(items)],
  );
  return items;
}

/** How a purchase ended, with the items to look at again. `closed` is false when it has gone another way. */
export interface Closed {
  closed: boolean;
  changed: string[];
  leftoverPurchaseId: string | null;
}

/**
 * Ends a purchase; a repeat answers the same. With settings, what became ready after its last round gets a purchase of its
 * own: the owner has not been asked about it, and nobody else will.
 */
export async function close(
  tx: Queryable,
  purchaseId: string,
  ending: Ending,
  settings: GroceriesSettings | null,
): Promise<Closed> {
  const purchase = await lockPurchase(tx, purchaseId);
  if (purchase?.status === ending) {
    const leftoverPurchaseId = settings === null ? null : await existingLeftover(tx, purchaseId);
    return { closed: true, changed: purchase.changed, leftoverPurchaseId };
  }
  if (purchase === null || !endings[ending].from.includes(purchase.status)) {
    return { closed: false, changed: [], leftoverPurchaseId: null };
  }
  const more = settings !== null && (await unplannedExist(tx, purchase.ownerId));
  const changed = await endPurchase(tx, purchase, ending);
  return { closed: true, changed, leftoverPurchaseId: more ? await openLeftover(tx, settings, purchase) : null };
}

async function settle(tx: Queryable, purchase: Purchase, word: Confirmation): Promise<string[]> {
  await tx.query(
    `UPDATE household.purchases SET confirmed_by = $2, confirmed_at = clock_timestamp(),
       metadata = metadata || jsonb_strip_nulls(jsonb_build_object('word', $3::text)) WHERE id = $1`,
    [purchase.id, word.by, word.wordId ?? null],
  );
  if (word.verdict === 'not_bought') return endPurchase(tx, purchase, 'not_bought');
  const items = purchase.lines.map((line) => line.item_id);
  await tx.query(
    `UPDATE household.purchases SET status = 'bought', actual_minor = $2,
       metadata = metadata || jsonb_build_object('changed', $3::jsonb) WHERE id = $1`,
    [purchase.id, word.amountMinor, JSON.stringify(items)],
  );
  return items;
}

function isRepeat(purchase: Purchase, word: Confirmation): boolean {
  const { status, confirmedBy, actualMinor } = purchase;
  return status === word.verdict && confirmedBy === word.by && actualMinor === word.amountMinor;
}

/** Takes somebody's word for an order that went out: the first one counts, and a repeat of it is no second one. */
export async function confirm(tx: Queryable, word: Confirmation): Promise<ConfirmationOutcome> {
  if ((word.verdict === 'bought') !== (word.amountMinor !== null)) {
    throw new RangeError('What was bought has an amount, what was not has none.');
  }
  const purchase = await lockPurchase(tx, word.purchaseId);
  if (purchase === null || purchase.ownerId !== word.ownerId) return { kind: 'not_ordered' };
  const { status, confirmedBy, confirmedAt, changed } = purchase;
  if (status === 'ordered' || status === 'unknown') {
    return { kind: 'confirmed', changed: await settle(tx, purchase, word) };
  }
  if (status !== 'bought' && status !== 'not_bought') return { kind: 'not_ordered' };
  if (isRepeat(purchase, word)) return { kind: 'confirmed', changed };
  return { kind: 'already', status, by: confirmedBy, at: confirmedAt };
}

/** What a word that names no purchase may be about: the purchase that it was taken for, else all that wait for one. */
export async function awaiting(
  db: Queryable,
  { ownerId, wordId }: { ownerId: string; wordId: string },
): Promise<Array<{ id: string; currency: string }>> {
  const { rows } = await db.query<{ id: string; currency: string }>(
    `WITH own AS (SELECT id, currency, status, metadata ->> 'word' AS word FROM household.purchases WHERE owner_id = $1)
     SELECT id, currency FROM own WHERE word = $2
     UNION ALL
     SELECT id, currency FROM own WHERE status IN ('ordered', 'unknown') AND NOT EXISTS (SELECT FROM own WHERE word = $2)`,
    [ownerId, wordId],
  );
  return rows;
}
