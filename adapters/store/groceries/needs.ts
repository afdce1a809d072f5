import type { Span } from '../../../contracts/extraction.ts';
import type { GroceriesSettings } from '../../../contracts/groceries-settings.ts';
import type { Quantity } from '../../../contracts/quantity.ts';
import type { PurchaseStatus } from '../../../contracts/purchase.ts';
import type { Queryable } from '../../postgres.ts';
import { insertItem } from '../pipeline-rows.ts';
import { baseOf } from './amounts.ts';
import { groceriesChain, needStage } from './chain.ts';

/** An amount and where it comes from: the owner's words, or the household's setting. */
export interface KnownAmount {
  quantity: Quantity;
  origin: 'said' | 'regular';
}

/** Where something was said. */
export interface Said {
  messageId: string;
  span: Span;
}

/** A thing that is needed, as one message says. */
export interface NewNeed extends Said {
  id: string;
  ownerId: string;
  conversationId: string;
  source: string;
  name: string;
  nameKey: string;
  amount: KnownAmount | null;
}

function amountColumns(amount: KnownAmount | null): (string | null)[] {
  if (amount === null) return [null, null, null, null, null];
  const base = baseOf(amount.quantity);
  return [amount.quantity.amount, amount.quantity.unit, base.milli.toString(), base.unit, amount.origin];
}

/** Adds a need and its item at the first stage. */
export async function insertNeed(tx: Queryable, settings: GroceriesSettings, need: NewNeed): Promise<void> {
  const { id, source, ownerId, messageId, conversationId, name, span } = need;
  const chain = groceriesChain(settings);
  const stage = needStage(settings);
  await insertItem(tx, { id, ownerId, chain, title: name, stage, source, messageId, conversationId });
  await tx.query(
    `INSERT INTO household.needs (id, source, owner_id, name, name_key, quantity, unit, base_milli, base_unit,
       quantity_origin, message_id, span_start, span_end, span_text)
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) ON CONFLICT (id) DO NOTHING`,
    [
      id,
      source,
      ownerId,
      name,
      need.nameKey,
      ...amountColumns(need.amount),
      messageId,
      span.start,
      span.end,
      span.text,
    ],
  );
}

/** Answers the question how much: from now on the need stands on the words of the answer. */
export async function completeNeed(tx: Queryable, id: string, amount: KnownAmount, said: Said): Promise<void> {
  await tx.query(
    `UPDATE household.needs SET quantity = $2, unit = $3, base_milli = $4, base_unit = $5, quantity_origin = $6,
       message_id = $7, span_start = $8, span_end = $9, span_text = $10
     WHERE id = $1 AND quantity IS NULL`,
    [id, ...amountColumns(amount), said.messageId, said.span.start, said.span.end, said.span.text],
  );
}

/** A thing whose amount the owner was asked for and has not said yet. */
export interface OpenQuestion {
  id: string;
  name: string;
  nameKey: string;
  conversationId: string;
}

/** The owner's open questions, oldest first. */
export async function openQuestionsOf(db: Queryable, ownerId: string): Promise<OpenQuestion[]> {
  const { rows } = await db.query<OpenQuestion>(
    `SELECT need.id, need.name, need.name_key AS "nameKey", item.conversation_id AS "conversationId"
     FROM household.needs need JOIN core.pipeline_items item ON item.id = need.id
     WHERE item.owner_id = $1 AND item.chain = 'groceries' AND item.status = 'open' AND need.quantity IS NULL
     ORDER BY item.created_at, item.id`,
    [ownerId],
  );
  return rows;
}

/** An open item and how far its purchase is; null when it is in none. */
export interface OpenItem {
  id: string;
  name: string;
  purchaseId: string | null;
  purchaseStatus: PurchaseStatus | null;
}

/** The open items of one thing, oldest first. */
export async function openItemsOf(tx: Queryable, ownerId: string, nameKey: string): Promise<OpenItem[]> {
  const { rows } = await tx.query<OpenItem>(
    `SELECT need.id, need.name, need.purchase_id AS "purchaseId", purchase.status AS "purchaseStatus"
     FROM household.needs need JOIN core.pipeline_items item ON item.id = need.id
     LEFT JOIN household.purchases purchase ON purchase.id = need.purchase_id
     WHERE item.owner_id = $1 AND item.chain = 'groceries' AND item.status = 'open' AND need.name_key = $2
     ORDER BY item.created_at, item.id`,
    [ownerId, nameKey],
  );
  return rows;
}
