import { randomUUID } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { connectPostgres, type Postgres } from '../../adapters/postgres.ts';
import { sha256 } from '../../contracts/action.ts';
import { createEmptyDatabase, type EmptyDatabase } from '../support/empty-database.ts';
import { insertItem, insertOwner, insertRow } from '../support/rows.ts';

const directory = 'migrations/core';
const doors = '0006_doors.sql';

let database: EmptyDatabase;
let owner: Postgres;

beforeAll(async () => {
  database = await createEmptyDatabase();
  owner = connectPostgres({ url: database.url, env: {} });
  for (const file of readdirSync(directory)
    .sort()
    .filter((name) => name < doors))
    await apply(file);
});
afterAll(async () => {
  await owner.close();
  await database.drop();
});

const apply = (file: string) => owner.query(readFileSync(`${directory}/${file}`, 'utf8'));

const key = (ownerId: string, source: string) => {
  const facts = { name: 'k', key_hash: sha256(randomUUID()), scopes: ['messages:read'] };
  return insertRow(owner, 'core.api_keys', { source, owner_id: ownerId, ...facts });
};

it('lets the first key of a house that runs already manage keys, and gives its events an order', async () => {
  const { ownerId } = await insertOwner(owner);
  const first = await key(ownerId, 'first-start');
  const other = await key(ownerId, 'test');
  const item = await insertItem(owner, ownerId, 'household');
  const event = (dedupe: string) =>
    insertRow(owner, 'core.stage_events', {
      butler: 'household',
      item_id: item,
      stage: 'need',
      event: 'entered',
      dedupe,
    });
  const before = [await event('1'), await event('2')];

  await apply(doors);
  const { rows: keys } = await owner.query<{ id: string; scopes: string[] }>('SELECT id, scopes FROM core.api_keys');
  expect(new Map(keys.map(({ id, scopes }) => [id, scopes]))).toEqual(
    new Map([
      [first, ['messages:read', 'keys:manage']],
      [other, ['messages:read']],
    ]),
  );

  const ids = [...before, await event('3')];
  const inOrder = async () => {
    const { rows } = await owner.query<{ id: string }>('SELECT id FROM core.stage_events ORDER BY xact, seq');
    return rows.map(({ id }) => id);
  };
  expect(await inOrder()).toEqual(ids);
  await owner.query(`UPDATE core.stage_events SET xact = '9000000000'`);
  await owner.query('SELECT core.restamp_events()');
  ids.push(await event('4'));
  expect(await inOrder()).toEqual(ids);
});
