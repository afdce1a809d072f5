import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectPostgres, type Postgres } from '../../adapters/postgres.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';
import { insertItem, insertOwner, insertRow } from '../support/rows.ts';

let database: TestDatabase;
let core: Postgres;
let owner: Postgres;
let ownerId: string;
let conversationId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  core = connectPostgres({ url: database.urlAs('majordomo_core'), env: {} });
  owner = connectPostgres({ url: database.ownerUrl, env: {} });
  ({ ownerId, conversationId } = await insertOwner(core));
});
afterAll(async () => {
  await core.close();
  await owner.close();
  await database.drop();
});

/** The database's clock, as text: a Date would lose its microseconds. */
async function moment(): Promise<string> {
  const { rows } = await core.query<{ moment: string }>('SELECT clock_timestamp()::text AS moment');
  return rows[0]?.moment ?? '';
}

async function stageAsOf(id: string, when: string): Promise<unknown[]> {
  const { rows } = await core.query<{ stage: string }>(
    'SELECT stage FROM core.pipeline_items_as_of($1) WHERE id = $2',
    [when, id],
  );
  return rows.map(({ stage }) => stage);
}

const move = (id: string, stage: string) =>
  core.query('UPDATE core.pipeline_items SET stage = $1 WHERE id = $2', [stage, id]);

describe('pipeline_items_as_of', () => {
  it('answers the item as it stood at any moment', async () => {
    const moments = [await moment()];
    const id = await insertItem(core, ownerId, 'household');
    moments.push(await moment());
    for (const stage of ['captured', 'bought']) {
      await move(id, stage);
      moments.push(await moment());
    }
    await owner.query('DELETE FROM core.pipeline_items WHERE id = $1', [id]);
    moments.push(await moment());
    const stages = await Promise.all(moments.map((when) => stageAsOf(id, when)));
    expect(stages).toEqual([[], ['need'], ['captured'], ['bought'], []]);
  });

  it('has exactly one version at each border, also for changes of one transaction and of several at once', async () => {
    const id = await insertItem(core, ownerId, 'household');
    await core.transaction(async (tx) => {
      for (const stage of ['a', 'b', 'c'])
        await tx.query('UPDATE core.pipeline_items SET stage = $1 WHERE id = $2', [stage, id]);
    });
    await Promise.all(['d', 'e', 'f', 'g'].map((stage) => move(id, stage)));
    const { rows } = await core.query<{ valid_from: string }>(
      `SELECT valid_from::text FROM core.pipeline_items_history WHERE id = $1 AND valid_to > valid_from
       UNION ALL SELECT valid_from::text FROM core.pipeline_items WHERE id = $1`,
      [id],
    );
    expect(rows.length).toBeGreaterThan(4);
    for (const { valid_from: border } of rows) expect(await stageAsOf(id, border)).toHaveLength(1);
  });

  it('cannot be rewritten by the role that works with the items', async () => {
    for (const statement of [
      "UPDATE core.pipeline_items_history SET stage = 'x'",
      'DELETE FROM core.pipeline_items_history',
      'INSERT INTO core.pipeline_items_history SELECT * FROM core.pipeline_items',
      'DELETE FROM core.pipeline_items',
    ]) {
      await expect(core.query(statement)).rejects.toMatchObject({ code: '42501' });
    }
  });
});

describe('approval_events', () => {
  it('can be added to and never changed, not even by the owner of the table', async () => {
    const approvalId = await insertRow(core, 'core.approvals', {
      owner_id: ownerId,
      butler: 'household',
      conversation_id: conversationId,
      requester_workflow_id: randomUUID(),
      tool: 'household_purchase_owner',
      tool_version: 1,
      args: '{}',
      account: 'owner',
      nonce: 'n',
      action_hash: 'a'.repeat(64),
      code_hash: 'b'.repeat(64),
      code_key_id: 'k1',
      risk_tier: 'medium',
      expires_at: '2126-01-01Z',
    });
    await insertRow(core, 'core.approval_events', {
      approval_id: approvalId,
      event: 'requested',
      action_hash: 'a'.repeat(64),
    });
    const changes = [
      "UPDATE core.approval_events SET event = 'approved'",
      'DELETE FROM core.approval_events',
      'TRUNCATE core.approval_events CASCADE',
    ];
    for (const change of changes) {
      await expect(core.query(change)).rejects.toMatchObject({ code: '42501' });
      await expect(owner.query(change)).rejects.toMatchObject({ code: '23001' });
    }
    const { rows } = await core.query('SELECT event FROM core.approval_events');
    expect(rows).toEqual([{ event: 'requested' }]);
  });
});
