import type { GroceriesSettings } from '../../../contracts/groceries-settings.ts';
import { deriveId } from '../../../contracts/ids.ts';
import type { PurchaseLine, PurchaseStatus } from '../../../contracts/purchase.ts';
import type { Queryable } from '../../postgres.ts';
import { lockOwner } from './roots.ts';

/** How the sending of an order ended. */
export interface OrderReceipt {
  outcome: string;
  providerId: string | null;
  detail: string | null;
}

/** A purchase as it stands in Postgres; amounts in minor units of `currency`. */
export interface Purchase {
  id: string;
  ownerId: string;
  conversationId: string;
  status: PurchaseStatus;
  channel: 'owner' | 'email';
  shop: string;
  shopAddress: string | null;
  currency: string;
  round: number;
  lines: PurchaseLine[];
  estimateMinor: number;
  approvalId: string | null;
  reservationId: string | null;
  intentId: string | null;
  actualMinor: number | null;
  confirmedBy: string | null;
  confirmedAt: Date | null;
  receipt: OrderReceipt | null;
  /** Items whose rows the last planning or the end of the purchase changed. */
  changed: string[];
}

const columns = `id, owner_id AS "ownerId", conversation_id AS "conversationId", status, channel, shop,
  shop_address AS "shopAddress", currency, round, lines, estimate_minor AS "estimateMinor", approval_id AS "approvalId",
  reservation_id AS "reservationId", intent_id AS "intentId", actual_minor AS "actualMinor", confirmed_by AS "confirmedBy",
  confirmed_at AS "confirmedAt", metadata -> 'receipt' AS receipt, coalesce(metadata -> 'changed', '[]') AS changed`;

/** A purchase without any lock; null when there is none. */
export async function readPurchase(db: Queryable, id: string): Promise<Purchase | null> {
  const { rows } = await db.query<Purchase>(`SELECT ${columns} FROM household.purchases WHERE id = $1`, [id]);
  return rows[0] ?? null;
}

/** The purchase under its owner's lock, which whoever changes an owner's groceries takes first, and its own. */
export async function lockPurchase(tx: Queryable, id: string): Promise<Purchase | null> {
  const known = await readPurchase(tx, id);
  if (known === null) return null;
  await lockOwner(tx, known.ownerId);
  const { rows } = await tx.query<Purchase>(`SELECT ${columns} FROM household.purchases WHERE id = $1 FOR UPDATE`, [
    id,
  ]);
  return rows[0] ?? null;
}

/** Whether the owner has not decided on it yet. */
export const isUndecided = (status: PurchaseStatus): boolean => status === 'planning' || status === 'asked';

/** The owner's one purchase that is still undecided; null when there is none. */
export async function undecidedPurchase(tx: Queryable, ownerId: string): Promise<string | null> {
  const { rows } = await tx.query<{ id: string }>(
    "SELECT id FROM household.purchases WHERE owner_id = $1 AND status IN ('planning', 'asked')",
    [ownerId],
  );
  return rows[0]?.id ?? null;
}

/** Where a purchase goes by the household's settings of now. */
export function destination(settings: GroceriesSettings) {
  const { channel, shop, shopEmail, currency } = settings;
  return { channel, shop, shopAddress: channel === 'email' ? (shopEmail ?? null) : null, currency };
}

/** The owner's undecided purchase, or a new one whose id comes from the seed. The caller holds the owner's lock. */
export async function openPurchase(
  tx: Queryable,
  settings: GroceriesSettings,
  wanted: { ownerId: string; conversationId: string; seed: string },
): Promise<string> {
  const open = await undecidedPurchase(tx, wanted.ownerId);
  if (open !== null) return open;
  const id = deriveId('purchase', wanted.seed);
  const { channel, shop, shopAddress, currency } = destination(settings);
  await tx.query(
    `INSERT INTO household.purchases (id, source, owner_id, conversation_id, channel, shop, shop_address, currency)
     VALUES ($1, 'majordomo', $2, $3, $4, $5, $6, $7) ON CONFLICT (id) DO NOTHING`,
    [id, wanted.ownerId, wanted.conversationId, channel, shop, shopAddress, currency],
  );
  return id;
}

/** Whether open items with a known amount are in no purchase. */
export async function unplannedExist(tx: Queryable, ownerId: string): Promise<boolean> {
  const { rows } = await tx.query(
    `SELECT 1 FROM household.needs need JOIN core.pipeline_items item ON item.id = need.id
     WHERE item.owner_id = $1 AND item.chain = 'groceries' AND item.status = 'open' AND need.quantity IS NOT NULL
       AND need.purchase_id IS NULL LIMIT 1`,
    [ownerId],
  );
  return rows.length > 0;
}

const leftoverSeed = (purchaseId: string) => `after ${purchaseId}`;

/** What became ready while the owner was being asked about a purchase gets one of its own, once that one is decided. */
export function openLeftover(tx: Queryable, settings: GroceriesSettings, purchase: Purchase): Promise<string> {
  const { ownerId, conversationId } = purchase;
  return openPurchase(tx, settings, { ownerId, conversationId, seed: leftoverSeed(purchase.id) });
}

/** The purchase that was opened after another; null when there was nothing left. */
export async function existingLeftover(tx: Queryable, purchaseId: string): Promise<string | null> {
  const id = deriveId('purchase', leftoverSeed(purchaseId));
  const { rows } = await tx.query<{ id: string }>('SELECT id FROM household.purchases WHERE id = $1', [id]);
  return rows[0]?.id ?? null;
}
