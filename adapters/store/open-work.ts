import type { Postgres } from '../postgres.ts';

/** Something that Postgres calls open and that a workflow should be working on. */
export interface OpenWork {
  id: string;
  ownerId: string;
}

/** Rows younger than this many milliseconds may still be on their way to their workflow. */
const older = 'created_at < clock_timestamp() - make_interval(secs => $1)';

const openPurchase = "status IN ('planning', 'asked', 'ordering', 'ordered', 'unknown')";

const columns = 'SELECT id, owner_id AS "ownerId"';

/** What is open and older than `graceMs`. Core sees every butler's items; purchases are the household's own. */
export function createOpenWorkStore({ core, household }: { core: Postgres; household: Postgres }) {
  async function list<Row extends OpenWork>(db: Postgres, sql: string, graceMs: number): Promise<Row[]> {
    return (await db.query<Row>(sql, [graceMs / 1000])).rows;
  }

  return {
    items: (graceMs: number) =>
      list<OpenWork & { chain: string }>(
        core,
        `${columns}, chain FROM core.pipeline_items WHERE status = 'open' AND ${older}`,
        graceMs,
      ),
    approvals: (graceMs: number) =>
      list(core, `${columns} FROM core.approvals WHERE status = 'pending' AND ${older}`, graceMs),
    /** Messages that were recorded and never answered, with their conversation, in order. */
    messages: (graceMs: number) =>
      list<OpenWork & { conversationId: string }>(
        core,
        `${columns}, conversation_id AS "conversationId" FROM core.messages WHERE status = 'received' AND ${older} ORDER BY seq`,
        graceMs,
      ),
    purchases: (graceMs: number) =>
      list(household, `${columns} FROM household.purchases WHERE ${openPurchase} AND ${older}`, graceMs),
    async isOpenPurchase(id: string): Promise<boolean> {
      const { rows } = await household.query(`SELECT FROM household.purchases WHERE id = $1 AND ${openPurchase}`, [id]);
      return rows.length > 0;
    },
    /** Open items whose evidence is there: their nudge was lost. */
    async lagging(): Promise<string[]> {
      const { rows } = await household.query<{ id: string }>(
        `SELECT item.id FROM core.pipeline_items item JOIN household.needs need ON need.id = item.id
         LEFT JOIN household.purchases purchase ON purchase.id = need.purchase_id
         WHERE item.status = 'open' AND (purchase.status = 'bought' OR (item.stage <> 'bought' AND need.quantity IS NOT NULL))`,
      );
      return rows.map(({ id }) => id);
    },
    /** The purchase that an item is or was gathered into; null when there is none. */
    async purchaseOf(itemId: string): Promise<string | null> {
      const { rows } = await household.query<{ id: string | null }>(
        'SELECT purchase_id AS id FROM household.needs WHERE id = $1',
        [itemId],
      );
      return rows[0]?.id ?? null;
    },
  };
}

export type OpenWorkStore = ReturnType<typeof createOpenWorkStore>;
