import { randomUUID } from 'node:crypto';
import type { Postgres } from '../../adapters/postgres.ts';
import { senderDomain } from '../../cli/demo/shop.ts';
import { untilTrue } from '../../cli/demo/until.ts';
import { deriveId } from '../../contracts/ids.ts';
import type { Owner } from './owners.ts';
import type { Shop } from './shop.ts';

/** The order of a purchase, as the shop knows it. */
export const orderOf = (purchaseId: string): string => `<${purchaseId}.order@${senderDomain}>`;

/** How long one thing may take to come true in a house that was killed, where any error is an outage. */
export const patience = { withinMs: 90_000, isOutage: () => true };

/** Euros that every purchase is confirmed at. */
export const paid = '1.00';

export interface ErrandParts {
  /** The API's address without a slash at its end. */
  api: string;
  core: Postgres;
  shop: Shop;
  signal: AbortSignal;
}

/** What an owner says again of what did not come. */
export const again = 'buy it now';

/** What one owner does: he says what he needs, decides, and looks into the shop's log before he confirms. */
export function createErrands({ api, core, shop, signal }: ErrandParts) {
  const until = untilTrue(signal, patience);

  /** A POST that is repeated, the same each time, until the house has answered it. */
  async function post(owner: Owner, path: string, body: object, idempotencyKey = randomUUID()): Promise<void> {
    await until(`${path} is answered`, async () => {
      const response = await fetch(`${api}/api/v1${path}`, {
        method: 'POST',
        headers: { 'x-api-key': owner.key, 'content-type': 'application/json', 'idempotency-key': idempotencyKey },
        body: JSON.stringify(body),
        signal: AbortSignal.any([signal, AbortSignal.timeout(8_000)]),
      });
      const text = await response.text();
      // A conflict says that somebody was first: the wish of an earlier try, or a gate that is closed by now.
      if (response.ok || response.status === 409) return true;
      throw new Error(`${path}: ${response.status} ${text}`);
    });
  }

  async function pending(owner: Owner): Promise<string[]> {
    const { rows } = await core.query<{ id: string }>(
      `SELECT id FROM core.approvals WHERE owner_id = $1 AND status = 'pending'`,
      [owner.id],
    );
    return rows.map(({ id }) => id);
  }

  /** Items that are not bought yet, and money that is held for them. */
  async function isBusy(owner: Owner): Promise<boolean> {
    const { rows } = await core.query(
      `SELECT FROM core.pipeline_items WHERE owner_id = $1 AND status = 'open'
       UNION ALL SELECT FROM core.budget_reservations reservation JOIN core.budgets budget ON budget.id = reservation.budget_id
       WHERE budget.owner_id = $1 AND reservation.status = 'reserved' LIMIT 1`,
      [owner.id],
    );
    return rows.length > 0;
  }

  /** Orders that ended at the shop or nowhere, and that the owner has not spoken about. */
  async function unconfirmed(owner: Owner): Promise<Array<{ purchaseId: string; status: string; itemId: string }>> {
    const { rows } = await core.query<{ purchaseId: string; status: string; itemId: string }>(
      `SELECT intent.entity_id AS "purchaseId", intent.status, item.id AS "itemId"
       FROM core.intents intent
       JOIN core.approvals approval ON approval.id = intent.approval_id
       JOIN core.pipeline_items item ON item.owner_id = intent.owner_id AND item.status = 'open'
         AND approval.args -> 'lines' @> jsonb_build_array(jsonb_build_object('item_id', item.id))
       WHERE intent.owner_id = $1 AND intent.status IN ('delivered', 'unknown')`,
      [owner.id],
    );
    return rows;
  }

  /** Items whose order came to nothing and that nobody asks about any more, with how often that was. */
  async function fallenThrough(owner: Owner): Promise<Array<{ itemId: string; times: number }>> {
    const { rows } = await core.query<{ itemId: string; times: number }>(
      `SELECT item.id AS "itemId", count(*)::integer AS times
       FROM core.pipeline_items item
       JOIN core.approvals approval ON approval.owner_id = item.owner_id
         AND approval.args -> 'lines' @> jsonb_build_array(jsonb_build_object('item_id', item.id))
       WHERE item.owner_id = $1 AND item.status = 'open'
       GROUP BY item.id HAVING bool_and(approval.status IN ('failed', 'expired', 'cancelled'))
         AND count(*) FILTER (WHERE approval.status = 'failed') > 0`,
      [owner.id],
    );
    return rows;
  }

  return {
    /** Says it, and knows that it is kept. */
    ask: (owner: Owner, thing: string) =>
      post(owner, '/messages', { text: `get 1 kg ${thing}`, source_id: randomUUID(), conversation: 'chaos' }),

    /** The one gate that waits for this owner. */
    gate: (owner: Owner) => until('the house asks', async () => (await pending(owner))[0]),

    approve: (owner: Owner, approvalId: string) =>
      post(owner, `/approvals/${approvalId}/decide`, { verdict: 'approve', decision_id: randomUUID() }),

    /**
     * Goes on until nothing is open: approves what is asked again, says of each order what the shop's log says, and asks
     * once more for what did not come.
     */
    finish: (owner: Owner) =>
      until(`everything of owner ${owner.id} is bought`, async () => {
        for (const id of await pending(owner)) {
          await post(owner, `/approvals/${id}/decide`, { verdict: 'approve', decision_id: randomUUID() });
        }
        for (const { purchaseId, itemId } of await unconfirmed(owner)) {
          const arrived = shop.orders().has(orderOf(purchaseId));
          const word = arrived ? { verdict: 'bought', amount: paid } : { verdict: 'not_bought' };
          await post(owner, `/pipelines/items/${itemId}/evidence`, { stage: 'bought', ...word });
        }
        for (const { itemId, times } of await fallenThrough(owner)) {
          const sourceId = deriveId('chaos', itemId, String(times));
          await post(owner, '/messages', { text: again, source_id: sourceId, conversation: 'chaos' });
        }
        return (await isBusy(owner)) ? undefined : true;
      }),
  };
}

export type Errands = ReturnType<typeof createErrands>;
