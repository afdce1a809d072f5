import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ensureFirstKey, firstKeyPath, KeyFileInvalid, recoverKey } from '../../adapters/first-key.ts';
import { connectPostgres, type Postgres } from '../../adapters/postgres.ts';
import { createKeyStore, type KeyStore } from '../../adapters/store/keys.ts';
import { sha256 } from '../../contracts/action.ts';
import { apiKeyShape, scopes } from '../../contracts/api.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

let database: TestDatabase;
let core: Postgres;
let keys: KeyStore;
let home: string;

beforeEach(async () => {
  database = await createTestDatabase();
  core = connectPostgres({ url: database.urlAs('majordomo_core'), env: {} });
  keys = createKeyStore(core);
  home = mkdtempSync(join(tmpdir(), 'majordomo-key-'));
});
afterEach(async () => {
  await core.close();
  await database.drop();
  rmSync(home, { recursive: true });
});

const keyFile = () => readFileSync(firstKeyPath(home), 'utf8').trim();

describe('the first key', () => {
  it('is made once, with all scopes, in a file for its owner alone', async () => {
    expect(await ensureFirstKey(keys, home)).toBe(true);
    expect(await ensureFirstKey(keys, home)).toBe(false);
    expect(keyFile()).toMatch(apiKeyShape);
    expect(statSync(firstKeyPath(home)).mode & 0o777).toBe(0o600);
    const holder = await keys.find(sha256(keyFile()));
    expect(holder).toMatchObject({ expired: false, caller: { scopes: [...scopes] } });
    const { rows } = await core.query<{ channel: string; account: string }>(
      'SELECT channel, account FROM core.owner_accounts',
    );
    expect(rows.map(({ channel, account }) => `${channel}:${account}`)).toEqual([holder?.caller.account]);
    const stored = await core.query('SELECT key.* FROM core.api_keys key');
    expect(JSON.stringify(stored.rows)).not.toContain(keyFile());
  });

  it('is taken from the file when a start died between file and database', async () => {
    const dying: KeyStore = { ...keys, insertFirst: () => Promise.reject(new Error('killed')) };
    await expect(ensureFirstKey(dying, home)).rejects.toThrow('killed');
    const written = keyFile();
    expect(await ensureFirstKey(keys, home)).toBe(true);
    expect(keyFile()).toBe(written);
    expect(await keys.find(sha256(written))).not.toBeNull();
  });

  it('is one, whoever starts at the same time', async () => {
    const made = await Promise.all(Array.from({ length: 5 }, () => ensureFirstKey(keys, home)));
    expect(made.filter(Boolean)).toHaveLength(1);
    expect((await core.query('SELECT FROM core.api_keys')).rowCount).toBe(1);
    expect((await core.query('SELECT FROM core.owners')).rowCount).toBe(1);
    expect(await keys.find(sha256(keyFile()))).not.toBeNull();
  });

  it('is refused from a file that others can read, or that holds none', async () => {
    await ensureFirstKey({ ...keys, insertFirst: () => Promise.resolve(false) }, home);
    chmodSync(firstKeyPath(home), 0o644);
    await expect(ensureFirstKey(keys, home)).rejects.toThrow(KeyFileInvalid);
    chmodSync(firstKeyPath(home), 0o600);
    writeFileSync(firstKeyPath(home), 'nonsense');
    await expect(ensureFirstKey(keys, home)).rejects.toThrow(/holds no key/);
  });
});

describe('a key that is lost', () => {
  it('is replaced by one with all scopes of the same owner, also when a try died in between', async () => {
    await ensureFirstKey(keys, home);
    const first = await keys.find(sha256(keyFile()));
    expect(await recoverKey(keys, home)).toBe('known');
    rmSync(firstKeyPath(home));
    const dying: KeyStore = { ...keys, insertRecovered: () => Promise.reject(new Error('killed')) };
    await expect(recoverKey(dying, home)).rejects.toThrow('killed');
    const unknown = keyFile();
    expect(await recoverKey(keys, home)).toBe('made');
    expect(keyFile()).not.toBe(unknown);
    expect(statSync(firstKeyPath(home)).mode & 0o777).toBe(0o600);
    expect(readdirSync(join(home, 'keys'))).toEqual(['api.key']);
    const holder = await keys.find(sha256(keyFile()));
    expect(holder?.caller).toMatchObject({ ownerId: first?.caller.ownerId, scopes: [...scopes] });
  });

  it.each([
    ['has ended', `status = 'inactive'`],
    ['has expired', `expires_at = now() - interval '1 second'`],
    ['may not do everything', `scopes = ARRAY['messages:read']`],
  ])('may also be one that %s', async (_, change) => {
    await ensureFirstKey(keys, home);
    await core.query(`UPDATE core.api_keys SET ${change}`);
    expect(await recoverKey(keys, home)).toBe('made');
    expect((await keys.find(sha256(keyFile())))?.caller.scopes).toEqual([...scopes]);
  });
});

describe('a key in use', () => {
  it('notes its use at most once a minute', async () => {
    await ensureFirstKey(keys, home);
    const hash = sha256(keyFile());
    const usedAt = async () =>
      (await core.query<{ at: Date | null }>('SELECT last_used_at AS at FROM core.api_keys')).rows[0]?.at;
    expect(await usedAt()).toBeNull();
    await keys.find(hash);
    const first = await usedAt();
    expect(first).toBeInstanceOf(Date);
    await keys.find(hash);
    expect(await usedAt()).toEqual(first);
    await core.query(`UPDATE core.api_keys SET last_used_at = now() - interval '61 seconds'`);
    await keys.find(hash);
    expect((await usedAt())?.getTime()).toBeGreaterThanOrEqual(first?.getTime() ?? Number.POSITIVE_INFINITY);
  });

  it('is unknown once it is inactive', async () => {
    await ensureFirstKey(keys, home);
    await core.query(`UPDATE core.api_keys SET status = 'inactive'`);
    expect(await keys.find(sha256(keyFile()))).toBeNull();
  });
});
