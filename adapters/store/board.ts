import type { ApiItem, ApiPurchase, Board, ItemDetail } from '../../contracts/api.ts';
import { moneyToDecimal } from '../../contracts/money.ts';
import type { ChainDefinition } from '../../contracts/pipelines.ts';
import { format } from '../../contracts/quantity.ts';
import type { Postgres, Queryable } from '../postgres.ts';
import { type Purchase, readPurchase } from './groceries/purchases.ts';
import { loadRoots, type Part, type Root, totalOf } from './groceries/roots.ts';
import { timelineOf } from './timeline.ts';

/** Items that a board shows of one stage. */
const shownPerStage = 50;

const itemColumns = `item.id, item.chain, item.title, item.status, item.stage, item.stage_state, item.stage_since,
  greatest(0, extract(epoch FROM clock_timestamp() - item.stage_since))::integer AS age_seconds, item.deadline,
  (item.status = 'open' AND item.deadline IS NOT NULL AND item.deadline <= clock_timestamp()) AS overdue,
  EXISTS (SELECT FROM core.invariant_events event
    WHERE event.item_id = item.id AND event.stage = item.stage AND event.event = 'break') AS broken,
  item.next_action, item.reason, item.merged_into, item.message_id, item.workflow_id`;

interface ItemRow extends Omit<ApiItem, 'since' | 'deadline' | 'quantity'> {
  stage_since: Date;
  deadline: Date | null;
  message_id: string | null;
  workflow_id: string;
}

/** An item with all that Postgres knows of it. */
export interface ItemRecord extends Omit<ItemDetail, 'workflow' | 'invariant'> {
  workflowId: string;
}

/**
 * What the owner sees of the pipelines; reads alone. `core` is the house's role, `household` the butler's: it alone sees
 * quantities and purchases.
 */
export function createBoardStore({ core, household }: { core: Postgres; household: Postgres }) {
  async function withQuantities(rows: readonly ItemRow[]): Promise<ApiItem[]> {
    const roots = await loadRoots(
      household,
      rows.map((row) => row.merged_into ?? row.id),
    );
    const byId = new Map(roots.map((root) => [root.id, root]));
    return rows.map((row) => toApiItem(row, byId.get(row.merged_into ?? row.id)));
  }

  async function rowOf(ownerId: string, id: string): Promise<ItemRow | undefined> {
    const { rows } = await core.query<ItemRow>(
      `SELECT ${itemColumns} FROM core.pipeline_items item WHERE item.owner_id = $1 AND item.id = $2`,
      [ownerId, id],
    );
    return rows[0];
  }

  return {
    /** Where everything in a chain is; one moment, so that counts and sums agree. */
    async board(ownerId: string, chain: ChainDefinition): Promise<Board> {
      const { stats, items, sums, asOf } = await core.transaction(async (tx) => {
        await tx.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
        return readBoard(tx, ownerId, chain.name);
      });
      const shown = await withQuantities(items);
      const stages = chain.stages.map(({ name }) => {
        const of = stats.find((each) => each.stage === name) ?? { ...noItems, stage: name };
        const { open, claimed, done } = of;
        const here = shown.filter((item) => item.stage === name);
        const counts = { open, claimed, done };
        return {
          name,
          counts,
          oldest_seconds: of.oldest,
          breaks: of.breaks,
          items: here,
          more: here.length < open + claimed + done,
        };
      });
      return { chain: chain.name, as_of: asOf.toISOString(), stages, sums };
    },

    /** An item, what it is made of and the purchase that it is in, or was in last. Null when it is not this owner's. */
    async item(ownerId: string, id: string): Promise<ItemRecord | null> {
      const row = await rowOf(ownerId, id);
      if (row === undefined) return null;
      const [root] = await loadRoots(household, [row.merged_into ?? row.id]);
      const own = root?.parts.find((part) => part.id === row.id);
      const parts = row.merged_into === null ? (root?.parts ?? []) : own ? [own] : [];
      return {
        item: toApiItem(row, root),
        message: row.message_id === null ? null : { id: row.message_id, words: own?.span.text ?? null },
        parts: parts.map((part) => ({ id: part.id, title: part.name, quantity: amountOf(part) })),
        purchase: await lastPurchase(household, row.merged_into ?? row.id),
        workflowId: row.workflow_id,
      };
    },

    /** What a message began. */
    async itemsOfMessage(ownerId: string, messageId: string): Promise<ApiItem[]> {
      const { rows } = await core.query<ItemRow>(
        `SELECT ${itemColumns} FROM core.pipeline_items item WHERE item.owner_id = $1 AND item.message_id = $2
         ORDER BY item.created_at, item.id`,
        [ownerId, messageId],
      );
      return withQuantities(rows);
    },

    /** What happened to an item, in the order of time. Null when it is not this owner's. */
    async timeline(ownerId: string, id: string) {
      const row = await rowOf(ownerId, id);
      return row === undefined
        ? null
        : timelineOf({ core, household }, { itemId: row.id, mergedInto: row.merged_into });
    },
  };
}

export type BoardStore = ReturnType<typeof createBoardStore>;

interface StageStats {
  stage: string;
  open: number;
  claimed: number;
  done: number;
  breaks: number;
  oldest: number | null;
}
const noItems = { open: 0, claimed: 0, done: 0, breaks: 0, oldest: null };
const noSums = { items_in: 0, by_stage: 0, waived: 0, merged: 0, cancelled: 0 };

async function readBoard(tx: Queryable, ownerId: string, chain: string) {
  const stats = await tx.query<StageStats>(
    `SELECT item.stage, count(*) FILTER (WHERE stage_state = 'open')::integer AS open,
       count(*) FILTER (WHERE stage_state = 'claimed')::integer AS claimed,
       count(*) FILTER (WHERE stage_state = 'done')::integer AS done,
       count(*) FILTER (WHERE item.status = 'open' AND EXISTS (SELECT FROM core.invariant_events event
         WHERE event.item_id = item.id AND event.stage = item.stage AND event.event = 'break'))::integer AS breaks,
       (extract(epoch FROM clock_timestamp() - min(stage_since) FILTER (WHERE item.status = 'open')))::integer AS oldest
     FROM core.pipeline_items item WHERE owner_id = $1 AND chain = $2 AND item.status IN ('open', 'done') GROUP BY item.stage`,
    [ownerId, chain],
  );
  const items = await tx.query<ItemRow>(
    `SELECT * FROM (
       SELECT ${itemColumns}, row_number() OVER (PARTITION BY item.stage
         ORDER BY item.status = 'done', item.deadline NULLS LAST,
           CASE WHEN item.status = 'open' THEN item.stage_since END, item.stage_since DESC, item.id) AS place
       FROM core.pipeline_items item WHERE owner_id = $1 AND chain = $2 AND item.status IN ('open', 'done')
     ) ranked WHERE place <= $3 ORDER BY place`,
    [ownerId, chain, shownPerStage],
  );
  const sums = await tx.query<typeof noSums>(
    `SELECT items_in::integer, by_stage::integer, waived::integer, merged::integer, cancelled::integer
     FROM core.pipeline_sums WHERE owner_id = $1 AND chain = $2`,
    [ownerId, chain],
  );
  const clock = await tx.query<{ now: Date }>('SELECT clock_timestamp() AS now');
  const sum = sums.rows[0] ?? noSums;
  const conserved = sum.items_in === sum.by_stage + sum.waived + sum.merged + sum.cancelled;
  return { stats: stats.rows, items: items.rows, sums: { ...sum, conserved }, asOf: clock.rows[0]?.now ?? new Date() };
}

const amountOf = ({ quantity }: Part): string | null => (quantity === null ? null : format(quantity));

/** A merged item has the amount that it brought, any other the sum of its parts. */
function quantityText(row: ItemRow, root: Root | undefined): string | null {
  if (root === undefined) return null;
  if (row.merged_into === null) {
    const total = totalOf(root);
    return total === null ? null : format(total);
  }
  const own = root.parts.find((part) => part.id === row.id);
  return own === undefined ? null : amountOf(own);
}

function toApiItem(row: ItemRow, root: Root | undefined): ApiItem {
  return {
    id: row.id,
    chain: row.chain,
    title: row.title,
    status: row.status,
    stage: row.stage,
    stage_state: row.stage_state,
    since: row.stage_since.toISOString(),
    age_seconds: row.age_seconds,
    deadline: row.deadline?.toISOString() ?? null,
    overdue: row.overdue,
    broken: row.broken,
    next_action: row.next_action,
    reason: row.reason,
    merged_into: row.merged_into,
    quantity: quantityText(row, root),
  };
}

async function lastPurchase(household: Postgres, rootId: string): Promise<ApiPurchase | null> {
  const { rows } = await household.query<{ id: string }>(
    `SELECT purchase_id AS id FROM (
       SELECT purchase_id, 'infinity'::timestamptz AS until FROM household.needs WHERE id = $1
       UNION ALL SELECT purchase_id, valid_to FROM household.needs_history WHERE id = $1
     ) known WHERE purchase_id IS NOT NULL ORDER BY until DESC LIMIT 1`,
    [rootId],
  );
  const purchase = rows[0] === undefined ? null : await readPurchase(household, rows[0].id);
  return purchase === null ? null : toApiPurchase(purchase);
}

function toApiPurchase(purchase: Purchase): ApiPurchase {
  const money = (minor: number) => moneyToDecimal({ minor, currency: purchase.currency });
  return {
    id: purchase.id,
    status: purchase.status,
    channel: purchase.channel,
    shop: purchase.shop,
    round: purchase.round,
    currency: purchase.currency,
    estimate: money(purchase.estimateMinor),
    actual: purchase.actualMinor === null ? null : money(purchase.actualMinor),
    approval_id: purchase.approvalId,
    intent_id: purchase.intentId,
    confirmed_by: purchase.confirmedBy,
    confirmed_at: purchase.confirmedAt?.toISOString() ?? null,
  };
}
