import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectPostgres, type Postgres } from '../../adapters/postgres.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertRow } from '../support/rows.ts';

const universal = {
  id: 'uuid',
  created_at: 'timestamp with time zone',
  updated_at: 'timestamp with time zone',
  status: 'text',
  source: 'text',
  metadata: 'jsonb',
};

/** Not ours to shape: the limiter's package reads and writes it, and what is in it lives for a minute. */
const foreign = 'core.rate_limits';

let database: TestDatabase;
let owner: Postgres;
let tables: string[];

beforeAll(async () => {
  database = await createTestDatabase();
  owner = connectPostgres({ url: database.ownerUrl, env: {} });
  const { rows } = await owner.query<{ name: string }>(
    `SELECT table_schema || '.' || table_name AS name FROM information_schema.tables
     WHERE table_schema IN ('core', 'household') AND table_type = 'BASE TABLE' ORDER BY 1`,
  );
  tables = rows.map(({ name }) => name).filter((name) => name !== foreign);
});
afterAll(async () => {
  await owner.close();
  await database.drop();
});

const isTwin = (table: string): boolean => table.endsWith('_history');
const withTwin = (): string[] => tables.filter((table) => tables.includes(`${table}_history`));

/** Takes away what forbids a nearly empty row, so that the triggers of every table can be tried alike. */
async function loosen(): Promise<void> {
  await owner.query(`DO $$
    DECLARE rule record;
    BEGIN
      FOR rule IN SELECT conrelid::regclass AS target, conname FROM pg_constraint
        WHERE contype IN ('f', 'c') AND connamespace::regnamespace::text IN ('core', 'household') LOOP
        EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', rule.target, rule.conname);
      END LOOP;
      FOR rule IN SELECT attrelid::regclass AS target, attname FROM pg_attribute JOIN pg_class ON pg_class.oid = attrelid
        WHERE relkind = 'r' AND relnamespace::regnamespace::text IN ('core', 'household')
          AND attnum > 0 AND attnotnull AND attidentity = '' AND attname <> 'id'
          AND pg_class.oid <> '${foreign}'::regclass LOOP
        EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', rule.target, rule.attname);
      END LOOP;
    END $$`);
}

describe('every table of core and household', () => {
  it('has the universal columns, and its id is its key', async () => {
    expect(tables.length).toBeGreaterThan(20);
    for (const table of tables) {
      const { rows } = await owner.query<{ name: string; type: string; nullable: string }>(
        `SELECT column_name AS name, data_type AS type, is_nullable AS nullable FROM information_schema.columns
         WHERE table_schema || '.' || table_name = $1`,
        [table],
      );
      const columns = new Map(rows.map(({ name, type, nullable }) => [name, `${type}, ${nullable}`]));
      for (const [name, type] of Object.entries(universal))
        expect.soft(columns.get(name), `${table}.${name}`).toBe(`${type}, NO`);
      expect.soft(await keyOf(table), table).toEqual(isTwin(table) ? [] : ['id']);
    }
  });

  it('checks its status', async () => {
    for (const table of tables.filter((name) => !isTwin(name))) {
      const { rows } = await owner.query(
        "SELECT FROM pg_constraint WHERE contype = 'c' AND conrelid = $1::regclass AND pg_get_constraintdef(oid) LIKE '%status%'",
        [table],
      );
      expect.soft(rows.length, table).toBeGreaterThan(0);
    }
  });

  it('has no column of time without a zone, and none of money that is not an integer with a currency in reach', async () => {
    const { rows } = await owner.query(
      `SELECT table_name, column_name FROM information_schema.columns WHERE table_schema IN ('core', 'household')
       AND (data_type IN ('timestamp without time zone', 'money', 'time without time zone')
         OR column_name LIKE '%\\_minor' AND data_type <> 'bigint')`,
    );
    expect(rows).toEqual([]);
  });

  it('keeps a twin where it has a validity, with the same columns in the same order', async () => {
    const { rows } = await owner.query<{ table: string }>(
      `SELECT table_schema || '.' || table_name AS table FROM information_schema.columns
       WHERE column_name = 'valid_to' AND table_schema IN ('core', 'household') ORDER BY 1`,
    );
    const valid = rows.map(({ table }) => table);
    expect(withTwin()).toEqual(valid.filter((table) => !isTwin(table)));
    expect(withTwin().length).toBeGreaterThan(8);
    for (const table of withTwin()) expect.soft(await shapeOf(`${table}_history`), table).toEqual(await shapeOf(table));
  });

  it('moves updated_at on every change and fills its twin', async () => {
    await loosen();
    for (const table of tables.filter((name) => !isTwin(name) && name !== 'core.approval_events')) {
      const id = await insertRow(owner, table, {
        metadata: '{"v": 1}',
        created_at: '2026-01-01Z',
        updated_at: '2026-01-01Z',
      });
      const before = await versionOf(table, id);
      await owner.query(`UPDATE ${table} SET metadata = '{"v": 2}' WHERE id = $1`, [id]);
      const after = await versionOf(table, id);
      expect.soft(after.updated_at.getTime(), table).toBeGreaterThan(before.updated_at.getTime());
      expect.soft(after.created_at, table).toEqual(before.created_at);
      if (!withTwin().includes(table)) continue;
      const { rows } = await owner.query(
        `SELECT twin.metadata, twin.valid_to = now.valid_from AS adjoins, now.valid_to = 'infinity' AS open
         FROM ${table}_history twin JOIN ${table} now USING (id) WHERE id = $1`,
        [id],
      );
      expect.soft(rows, table).toEqual([{ metadata: { v: 1 }, adjoins: true, open: true }]);
    }
  });
});

async function keyOf(table: string): Promise<string[]> {
  const { rows } = await owner.query<{ name: string }>(
    `SELECT attname AS name FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = ANY (indkey)
     WHERE indisprimary AND indrelid = $1::regclass`,
    [table],
  );
  return rows.map(({ name }) => name);
}

async function shapeOf(table: string): Promise<unknown[]> {
  const { rows } = await owner.query(
    `SELECT attnum, attname, format_type(atttypid, atttypmod) AS type FROM pg_attribute
     WHERE attrelid = $1::regclass AND attnum > 0 ORDER BY attnum`,
    [table],
  );
  return rows;
}

async function versionOf(table: string, id: string): Promise<{ created_at: Date; updated_at: Date }> {
  const { rows } = await owner.query<{ created_at: Date; updated_at: Date }>(`SELECT * FROM ${table} WHERE id = $1`, [
    id,
  ]);
  if (!rows[0]) throw new Error(`${table} lost its row.`);
  return rows[0];
}
