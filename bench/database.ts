import { randomUUID } from 'node:crypto';
import { connectPostgres, type Postgres } from '../adapters/postgres.ts';

/** Milliseconds that one thing may take to appear; above the slowest step of a house on a busy machine. */
const patienceMs = 30_000;

/**
 * What is waited for, as conditions over `$1` (uuid) and `$2` (bigint). A statement that polls once a millisecond inside
 * the server sees it, so that both sides are watched by the same eye and no worker is asked.
 */
const conditions = {
  firstStage: `SELECT FROM core.pipeline_items WHERE owner_id = $1 AND chain = 'groceries' AND status = 'open' AND stage <> 'need'`,
  staged: `SELECT FROM core.pipeline_items WHERE id = $1 AND stage <> 'need'`,
  card: `SELECT FROM core.messages WHERE owner_id = $1 AND kind = 'card' AND seq > $2`,
  list: `SELECT FROM core.messages WHERE owner_id = $1 AND kind = 'list' AND seq > $2`,
  ordered: `SELECT FROM household.purchases WHERE id = $1 AND status = 'ordered'`,
  bought: `SELECT FROM core.pipeline_items WHERE id = $1 AND status = 'done'`,
  effect: `SELECT FROM bench.effects WHERE id = $1`,
} as const;
type Condition = keyof typeof conditions;

/** The benchmark's own place in the house's database: a table for bare effects, and statements that wait. */
export async function openBenchDatabase(ownerUrl: string) {
  const db = connectPostgres({ url: ownerUrl, env: {}, callMs: 2 * patienceMs });
  await prepare(db);

  async function one<Row extends object>(text: string, params: readonly unknown[]): Promise<Row> {
    const { rows } = await db.query<Row>(text, params);
    if (rows[0] === undefined) throw new Error(`Nothing found: ${text}`);
    return rows[0];
  }

  return {
    /** Resolves when it is there, within about a millisecond. */
    async until(condition: Condition, id: string, after = 0): Promise<void> {
      await db.query(`SELECT bench.await_${condition.toLowerCase()}($1, $2)`, [id, after]);
    },
    /** The owner of the house's first key. */
    owner: async () => (await one<{ id: string }>('SELECT id FROM core.owners LIMIT 1', [])).id,
    /** One more owner, with nothing of his own. */
    async newOwner(): Promise<string> {
      const id = randomUUID();
      await db.query(`INSERT INTO core.owners (id, source, name) VALUES ($1, 'bench', 'owner')`, [id]);
      return id;
    },
    /** The newest message's seq. */
    lastSeq: async () => (await one<{ seq: number }>('SELECT coalesce(max(seq), 0) AS seq FROM core.messages', [])).seq,
    /** How many transactions have written so far: only those get an id (PostgreSQL, Transactions and Identifiers). */
    writes: async () =>
      (await one<{ next: number }>('SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint AS next', [])).next,
    /** The id of the transaction that wrote a message of this kind after a seq. */
    writerOf: async (kind: 'list' | 'card', after: number) =>
      (
        await one<{ writer: number }>(
          'SELECT xmin::text::bigint AS writer FROM core.messages WHERE kind = $1 AND seq > $2 LIMIT 1',
          [kind, after],
        )
      ).writer,
    /** The one open item of the owner with its purchase and the gate that waits. */
    openStory: (ownerId: string) =>
      one<{ item: string; purchase: string; approval: string }>(
        `SELECT item.id AS item, purchase.id AS purchase, purchase.approval_id AS approval
         FROM core.pipeline_items item JOIN household.needs need USING (id)
         JOIN household.purchases purchase ON purchase.id = need.purchase_id
         WHERE item.owner_id = $1 AND item.status = 'open' AND purchase.status = 'asked'`,
        [ownerId],
      ),
    close: () => db.close(),
  };
}

export type BenchDatabase = Awaited<ReturnType<typeof openBenchDatabase>>;

async function prepare(db: Postgres): Promise<void> {
  await db.query('CREATE SCHEMA bench');
  await db.query('CREATE TABLE bench.effects (id uuid PRIMARY KEY, created_at timestamptz NOT NULL DEFAULT now())');
  await db.query('GRANT USAGE ON SCHEMA bench TO majordomo_core');
  await db.query('GRANT INSERT ON bench.effects TO majordomo_core');
  for (const [name, condition] of Object.entries(conditions)) {
    await db.query(
      `CREATE FUNCTION bench.await_${name.toLowerCase()}(uuid, bigint) RETURNS void LANGUAGE plpgsql AS $$
       BEGIN
         WHILE NOT EXISTS (${condition}) LOOP
           IF clock_timestamp() > statement_timestamp() + interval '${patienceMs} ms' THEN
             RAISE EXCEPTION 'It did not appear: ${name}';
           END IF;
           PERFORM pg_sleep(0.001);
         END LOOP;
       END $$`,
    );
  }
}
