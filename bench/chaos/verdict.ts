import type { Postgres } from '../../adapters/postgres.ts';
import { again, orderOf, paid } from './errands.ts';
import type { Owner } from './owners.ts';
import type { Shop } from './shop.ts';

/** What the oracle finds, each a sentence for people. */
export interface Verdict {
  intents: number;
  /** Acknowledged and without an end, or said to be delivered and never seen by the shop. */
  lost: string[];
  /** More than one order at the shop for one purchase, or more than one intent. */
  doubled: string[];
  /** Intents of which nobody knew for a while whether they had arrived; the owner was asked. */
  unknown: number;
  /** Money that is not what the owner said, or an effect that no decision allows. */
  wrong: string[];
}

interface IntentRow {
  id: string;
  purchaseId: string;
  status: string;
  receipts: number;
  delivered: number;
  wasUnknown: boolean;
  allowed: boolean;
}

/** Holds the shop's log against what the house says, over everything that these owners ever asked for. */
export async function judge(
  core: Postgres,
  shop: Pick<Shop, 'orders'>,
  owners: ReadonlyArray<Pick<Owner, 'id'>>,
): Promise<Verdict> {
  const ids = owners.map(({ id }) => id);
  const orders = shop.orders();
  const verdict: Verdict = { intents: 0, lost: [], doubled: [], unknown: 0, wrong: [] };
  for (const intent of await intentsOf(core, ids)) {
    verdict.intents += 1;
    if (intent.wasUnknown) verdict.unknown += 1;
    const mails = orders.get(orderOf(intent.purchaseId)) ?? 0;
    if (mails > 1 || intent.delivered > 1) verdict.doubled.push(`${intent.id}: ${mails} orders at the shop`);
    if (intent.status === 'delivered' && mails === 0) verdict.lost.push(`${intent.id}: delivered, and no order came`);
    if (intent.status === 'open' || intent.receipts === 0) verdict.lost.push(`${intent.id}: ${intent.status}, no end`);
    if (mails > 0 && intent.status !== 'delivered') verdict.lost.push(`${intent.id}: ordered, and ${intent.status}`);
    if (mails > 0 && !intent.allowed) verdict.wrong.push(`${intent.id}: ordered without a decision over its hash`);
  }
  verdict.lost.push(...(await unfinished(core, ids)));
  verdict.doubled.push(...(await boughtTwice(core, ids)));
  verdict.wrong.push(...(await wrongMoney(core, ids)));
  return verdict;
}

async function intentsOf(core: Postgres, owners: readonly string[]): Promise<IntentRow[]> {
  const { rows } = await core.query<IntentRow>(
    `SELECT intent.id, intent.entity_id AS "purchaseId", intent.status,
       (SELECT count(*)::integer FROM core.receipts WHERE intent_id = intent.id) AS receipts,
       (SELECT count(*)::integer FROM core.receipts WHERE intent_id = intent.id AND status = 'delivered') AS delivered,
       EXISTS (SELECT FROM core.intents_history past WHERE past.id = intent.id AND past.status = 'unknown')
         OR intent.status = 'unknown' AS "wasUnknown",
       EXISTS (SELECT FROM core.approval_events event WHERE event.approval_id = intent.approval_id
         AND event.event = 'approved' AND event.action_hash = intent.action_hash) AS allowed
     FROM core.intents intent WHERE intent.owner_id = ANY($1)`,
    [owners],
  );
  return rows;
}

/** Messages that made no item, and items that are not bought. */
async function unfinished(core: Postgres, owners: readonly string[]): Promise<string[]> {
  const { rows } = await core.query<{ id: string; items: number; bought: number }>(
    `SELECT message.id, count(item.id)::integer AS items,
       count(*) FILTER (WHERE item.status = 'done' AND item.stage = 'bought')::integer AS bought
     FROM core.messages message LEFT JOIN core.pipeline_items item ON item.message_id = message.id
     WHERE message.owner_id = ANY($1) AND message.direction = 'inbound' AND message.body <> $2 GROUP BY message.id`,
    [owners, again],
  );
  return rows
    .filter(({ items, bought }) => items !== 1 || bought !== 1)
    .map(({ id, items, bought }) => `message ${id}: ${items} items, ${bought} bought`);
}

/** Items for which the shop was told to deliver more than once. */
async function boughtTwice(core: Postgres, owners: readonly string[]): Promise<string[]> {
  const { rows } = await core.query<{ id: string; times: number }>(
    `SELECT item.id, count(*)::integer AS times
     FROM core.pipeline_items item
     JOIN core.approvals approval ON approval.owner_id = item.owner_id
       AND approval.args -> 'lines' @> jsonb_build_array(jsonb_build_object('item_id', item.id))
     JOIN core.intents intent ON intent.approval_id = approval.id AND intent.status = 'delivered'
     WHERE item.owner_id = ANY($1) GROUP BY item.id HAVING count(*) > 1`,
    [owners],
  );
  return rows.map(({ id, times }) => `item ${id}: bought ${times} times`);
}

/** Owners whose week does not say what they confirmed: one price per delivered order, nothing left reserved. */
async function wrongMoney(core: Postgres, owners: readonly string[]): Promise<string[]> {
  const price = Math.round(Number(paid) * 100);
  const { rows } = await core.query<{ owner: string; settled: number; reserved: number; delivered: number }>(
    `SELECT owner.id AS owner,
       (SELECT coalesce(sum(settled_minor), 0)::integer FROM core.budget_reservations reservation
        JOIN core.budgets budget ON budget.id = reservation.budget_id WHERE budget.owner_id = owner.id) AS settled,
       (SELECT count(*)::integer FROM core.budget_reservations reservation
        JOIN core.budgets budget ON budget.id = reservation.budget_id
        WHERE budget.owner_id = owner.id AND reservation.status = 'reserved') AS reserved,
       (SELECT count(*)::integer FROM core.intents WHERE owner_id = owner.id AND status = 'delivered') AS delivered
     FROM core.owners owner WHERE owner.id = ANY($1)`,
    [owners],
  );
  return rows
    .filter(({ settled, reserved, delivered }) => settled !== delivered * price || reserved > 0)
    .map(({ owner, settled, reserved, delivered }) =>
      [`owner ${owner}:`, `${settled} settled for ${delivered} orders,`, `${reserved} reserved`].join(' '),
    );
}
