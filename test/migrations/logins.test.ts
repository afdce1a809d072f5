import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { expect, inject, it } from 'vitest';
import { loadKeyring } from '../../adapters/keyring.ts';
import { migrate } from '../../adapters/migrations.ts';
import { rolePassword } from '../../adapters/role-password.ts';
import { sha256 } from '../../contracts/action.ts';
import { createEmptyDatabase } from '../support/empty-database.ts';

const file = 'core/0007_logins.sql';

it('lets the first key of an older house open the Web UI, and no other key', async () => {
  const database = await createEmptyDatabase();
  const directory = await mkdtemp(join(tmpdir(), 'majordomo-migrations-'));
  const keyring = loadKeyring({ env: {}, home: inject('testHome') });
  const step = () =>
    migrate({
      ownerUrl: database.url,
      env: {},
      directory,
      chains: ['core'],
      rolePassword: (role) => rolePassword(keyring, role),
      log: () => undefined,
    });
  const client = new Client({ connectionString: database.url, ssl: false });
  try {
    await cp('migrations/core', join(directory, 'core'), {
      recursive: true,
      filter: (source) => !/00(?:0[7-9]|[1-9]\d)_/.test(source),
    });
    await step();
    await client.connect();
    const owner = randomUUID();
    await client.query(`INSERT INTO core.owners (id, source, name) VALUES ($1, 'first-start', 'owner')`, [owner]);
    for (const [source, name] of [
      ['first-start', 'first'],
      ['api', 'phone'],
    ]) {
      await client.query(
        `INSERT INTO core.api_keys (id, source, owner_id, name, key_hash, scopes)
         VALUES ($1, $2, $3, $4, $5, '{messages:read}')`,
        [randomUUID(), source, owner, name, sha256(`${name}`)],
      );
    }
    await cp(join('migrations', file), join(directory, file));
    expect(await step()).toEqual([file]);
    const { rows } = await client.query('SELECT name, scopes FROM core.api_keys ORDER BY name');
    expect(rows).toEqual([
      { name: 'first', scopes: ['messages:read', 'ui:open'] },
      { name: 'phone', scopes: ['messages:read'] },
    ]);
  } finally {
    await client.end();
    await rm(directory, { recursive: true, force: true });
    await database.drop();
  }
});
