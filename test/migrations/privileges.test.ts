import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectPostgres, type Postgres } from '../../adapters/postgres.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertItem, insertMessage, insertOwner, insertRow } from '../support/rows.ts';

const denied = { code: '42501' };
let database: TestDatabase;
let owner: Postgres;
let core: Postgres;
let household: Postgres;
let ownerId: string;
let foreign: string;
let own: string;

beforeAll(async () => {
  database = await createTestDatabase();
  owner = connectPostgres({ url: database.ownerUrl, env: {} });
  core = connectPostgres({ url: database.urlAs('majordomo_core'), env: {} });
  household = connectPostgres({ url: database.urlAs('majordomo_household'), env: {}, max: 2 });
  const made = await insertOwner(core);
  ownerId = made.ownerId;
  await insertMessage(core, { ...made, butler: 'health' });
  own = await insertChain('household');
  foreign = await insertChain('health');
});
afterAll(async () => {
  for (const each of [household, core, owner]) await each.close();
  await database.drop();
});

/** An item with a past, a link and both kinds of events. */
async function insertChain(butler: string): Promise<string> {
  const item = await insertItem(core, ownerId, butler);
  await core.query("UPDATE core.pipeline_items SET title = 'more milk' WHERE id = $1", [item]);
  const other = await insertItem(core, ownerId, butler);
  await insertRow(core, 'core.pipeline_links', { butler, kind: 'merge', from_item: other, to_item: item });
  await insertRow(core, 'core.stage_events', { butler, item_id: item, stage: 'need', event: 'entered' });
  await insertRow(core, 'core.invariant_events', {
    butler,
    item_id: item,
    stage: 'need',
    event: 'break',
    persona: 'p',
    reason: 'r',
    next_action: 'n',
  });
  return item;
}

describe('the roles', () => {
  it('may log in and nothing more', async () => {
    const { rows } = await owner.query(
      `SELECT rolname, rolcanlogin, rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication OR rolbypassrls AS more,
         EXISTS (SELECT FROM pg_auth_members WHERE member = pg_roles.oid) AS member
       FROM pg_roles WHERE rolname IN ('majordomo_core', 'majordomo_household') ORDER BY 1`,
    );
    expect(rows).toEqual([
      { rolname: 'majordomo_core', rolcanlogin: true, more: false, member: false },
      { rolname: 'majordomo_household', rolcanlogin: true, more: false, member: false },
    ]);
  });

  it('own nothing', async () => {
    const { rows } = await owner.query(
      `SELECT classid::regclass::text, objid FROM pg_shdepend JOIN pg_roles ON pg_roles.oid = refobjid
       WHERE deptype = 'o' AND rolname LIKE 'majordomo\\_%' AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())`,
    );
    expect(rows).toEqual([]);
  });

  it('end statements that outlive every caller, also behind a pooler', async () => {
    for (const role of [core, household]) {
      expect((await role.query('SHOW statement_timeout')).rows).toEqual([{ statement_timeout: '10s' }]);
    }
  });
});

describe('the household', () => {
  it('has on the tables of core what it was granted and no more', async () => {
    const { rows } = await owner.query<{ name: string; rights: string }>(
      `SELECT relname AS name, string_agg(lower(privilege_type), ' ' ORDER BY privilege_type) AS rights
       FROM pg_class, aclexplode(relacl) JOIN pg_roles ON pg_roles.oid = grantee
       WHERE relnamespace = 'core'::regnamespace AND rolname = 'majordomo_household' GROUP BY 1 ORDER BY 1`,
    );
    expect(Object.fromEntries(rows.map(({ name, rights }) => [name, rights]))).toEqual({
      invariant_events: 'insert select update',
      messages: 'select',
      pipeline_items: 'insert select update',
      pipeline_items_history: 'select',
      pipeline_links: 'insert select update',
      stage_events: 'insert select update',
    });
  });

  it.each([
    'owners',
    'owner_accounts',
    'api_keys',
    'conversations',
    'deliveries',
    'sessions',
    'turns',
    'approvals',
    'approval_events',
    'budgets',
    'intents',
    'receipts',
  ])('cannot read core.%s', async (table) => {
    await expect(household.query(`SELECT * FROM core.${table}`)).rejects.toMatchObject(denied);
  });

  it('can make nothing in any schema, nor read the migrations', async () => {
    for (const schema of ['core', 'household', 'public', 'migrations']) {
      await expect(household.query(`CREATE TABLE ${schema}.mine (n int)`)).rejects.toMatchObject(denied);
    }
    await expect(household.query('SELECT * FROM migrations.checksums')).rejects.toMatchObject(denied);
  });

  it('cannot lend the rights of the function that writes the twins', async () => {
    const trick = household.transaction(async (tx) => {
      await tx.query('CREATE TEMP TABLE bait (n int, valid_from timestamptz, valid_to timestamptz)');
      await tx.query('CREATE TEMP TABLE bait_history (LIKE bait)');
      await tx.query('CREATE TRIGGER trick BEFORE UPDATE ON bait FOR EACH ROW EXECUTE FUNCTION core.keep_history()');
    });
    await expect(trick).rejects.toMatchObject(denied);
  });

  it('reads and changes its own schema, but not its past', async () => {
    const row = { conversation_id: own, channel: 'owner', shop: 'corner', currency: 'EUR', owner_id: ownerId };
    const id = await insertRow(household, 'household.purchases', row);
    expect(
      (await household.query("UPDATE household.purchases SET status = 'asked' WHERE id = $1", [id])).rowCount,
    ).toBe(1);
    expect((await household.query('SELECT status FROM household.purchases_history')).rows).toEqual([
      { status: 'planning' },
    ]);
    for (const change of ["UPDATE household.purchases_history SET status = 'x'", 'DELETE FROM household.purchases']) {
      await expect(household.query(change)).rejects.toMatchObject(denied);
    }
  });
});

describe('row level security', () => {
  const shared = [
    'messages',
    'pipeline_items',
    'pipeline_items_history',
    'pipeline_links',
    'stage_events',
    'invariant_events',
  ];

  it('is forced on every table with a butler that a butler may read', async () => {
    const { rows } = await owner.query<{ relname: string }>(
      `SELECT relname FROM pg_class WHERE relnamespace = 'core'::regnamespace AND relkind = 'r' AND relrowsecurity AND relforcerowsecurity`,
    );
    expect(rows.map(({ relname }) => relname).sort((a, b) => a.localeCompare(b))).toEqual(
      [...shared].sort((a, b) => a.localeCompare(b)),
    );
  });

  it.each(shared)('shows a butler its own rows of %s, and core all', async (table) => {
    const butlers = `SELECT DISTINCT butler FROM core.${table} ORDER BY 1`;
    expect((await household.query(butlers)).rows).toEqual([{ butler: 'household' }]);
    expect((await core.query(butlers)).rows).toEqual([{ butler: 'health' }, { butler: 'household' }]);
  });

  it('holds for the past and for what is summed up', async () => {
    const items = 'SELECT DISTINCT butler FROM core.pipeline_items_as_of(now())';
    expect((await household.query(items)).rows).toEqual([{ butler: 'household' }]);
  });

  it("keeps a butler from writing another's rows, or as another", async () => {
    expect(
      (await household.query("UPDATE core.pipeline_items SET title = 'x' WHERE id = $1", [foreign])).rowCount,
    ).toBe(0);
    await expect(insertItem(household, ownerId, 'health')).rejects.toMatchObject(denied);
    await expect(
      household.query("UPDATE core.pipeline_items SET butler = 'health' WHERE id = $1", [own]),
    ).rejects.toMatchObject(denied);
    const item = await insertItem(household, ownerId, 'household');
    expect(
      (await household.query("UPDATE core.pipeline_items SET stage = 'captured' WHERE id = $1", [item])).rowCount,
    ).toBe(1);
    expect((await household.query('SELECT stage FROM core.pipeline_items_history WHERE id = $1', [item])).rows).toEqual(
      [{ stage: 'need' }],
    );
  });
});
