import { Client } from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { migrationPlace } from '../../cli/migrate.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';

let database: TestDatabase;
beforeEach(async () => {
  database = await createTestDatabase();
});
afterEach(() => database.drop());

test('core comes first among the chains', () => {
  const { chains } = migrationPlace(database.ownerUrl, {});
  expect(chains[0]).toBe('core');
  expect(chains).toContain('household');
});

test.each(['majordomo_core', 'majordomo_household'])('%s logs in with its derived password', async (role) => {
  const client = new Client({ connectionString: database.urlAs(role) });
  await client.connect();
  const { rows } = await client.query<{ name: string }>('select current_user as name');
  await client.end();
  expect(rows).toEqual([{ name: role }]);
});
