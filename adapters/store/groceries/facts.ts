import type { Queryable } from '../../postgres.ts';
import { readPurchase, type Purchase } from './purchases.ts';
import { loadRoots, type Root } from './roots.ts';

/** The message that asked for an item; null when it is not recorded. */
export async function messageOf(tx: Queryable, itemId: string): Promise<{ messageId: string; at: Date } | null> {
  const { rows } = await tx.query<{ messageId: string; at: Date }>(
    `SELECT message.id AS "messageId", message.created_at AS at
     FROM core.pipeline_items item JOIN core.messages message ON message.id = item.message_id WHERE item.id = $1`,
    [itemId],
  );
  return rows[0] ?? null;
}

/** An item with all that is merged into it; null when it is itself merged into another, or is no need. */
export async function rootOf(tx: Queryable, itemId: string): Promise<Root | null> {
  const [root] = await loadRoots(tx, [itemId]);
  return root ?? null;
}

/** The purchase that an item is in; null when it is in none. */
export async function purchaseOf(tx: Queryable, itemId: string): Promise<Purchase | null> {
  const { rows } = await tx.query<{ id: string | null }>(
    'SELECT purchase_id AS id FROM household.needs WHERE id = $1',
    [itemId],
  );
  const id = rows[0]?.id ?? null;
  return id === null ? null : readPurchase(tx, id);
}

/** What can be observed of an item; each function reads inside the transaction that it is handed. */
export const groceriesFacts = { messageOf, rootOf, purchaseOf };
export type GroceriesFacts = typeof groceriesFacts;
