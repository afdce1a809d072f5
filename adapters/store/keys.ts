import { randomUUID } from 'node:crypto';
import { type Scope, scopes as allScopes } from '../../contracts/api.ts';
import type { Postgres, Queryable } from '../postgres.ts';

/** The holder of a key, as a door needs to know him. */
export interface KeyHolder {
  caller: { ownerId: string; keyId: string; account: string; scopes: Scope[] };
  expired: boolean;
}

/** Any number that all processes of the house share, and nobody else: one first key, whoever starts. */
const firstKeyLock = 7_420_311_962;

async function insertWithAllScopes(
  tx: Queryable,
  { ownerId, keyHash, source, name }: { ownerId: string; keyHash: string; source: string; name: string },
): Promise<void> {
  const id = randomUUID();
  await tx.query(
    `INSERT INTO core.owner_accounts (id, source, owner_id, channel, account) VALUES ($1, $2, $3, 'key', $4)`,
    [randomUUID(), source, ownerId, id],
  );
  await tx.query(
    `INSERT INTO core.api_keys (id, source, owner_id, name, key_hash, scopes) VALUES ($1, $2, $3, $4, $5, $6)`,
    [id, source, ownerId, name, keyHash, [...allScopes]],
  );
}

/** API keys, of which Postgres knows the SHA-256 alone; for the core role. */
export function createKeyStore(db: Postgres) {
  return {
    /** The active key with this hash, and notes its use, at most once a minute. An expired key is found as such. */
    async find(keyHash: string): Promise<KeyHolder | null> {
      const { rows } = await db.query<{ id: string; owner_id: string; scopes: Scope[]; expired: boolean }>(
        `WITH found AS (
           SELECT id, owner_id, scopes, coalesce(expires_at <= clock_timestamp(), false) AS expired
           FROM core.api_keys WHERE key_hash = $1 AND status = 'active'
         ), used AS (
           UPDATE core.api_keys key SET last_used_at = clock_timestamp() FROM found
           WHERE key.id = found.id AND NOT found.expired
             AND (key.last_used_at IS NULL OR key.last_used_at < clock_timestamp() - interval '1 minute')
         )
         SELECT id, owner_id, scopes, expired FROM found`,
        [keyHash],
      );
      const row = rows[0];
      if (row === undefined) return null;
      const { id, owner_id: ownerId, scopes, expired } = row;
      return { caller: { ownerId, keyId: id, account: `key:${id}`, scopes }, expired };
    },

    /** Whether a key is good at this moment. */
    async holds(keyId: string): Promise<boolean> {
      const { rowCount } = await db.query(
        `SELECT FROM core.api_keys
         WHERE id = $1 AND status = 'active' AND coalesce(expires_at > clock_timestamp(), true)`,
        [keyId],
      );
      return rowCount > 0;
    },

    /** Whether the house has any key. */
    async any(): Promise<boolean> {
      const { rowCount } = await db.query('SELECT FROM core.api_keys LIMIT 1');
      return rowCount > 0;
    },

    /**
     * Makes the owner, the account and the key with all scopes, in one transaction, if there is no key yet.
     * False when there was one.
     */
    async insertFirst(keyHash: string): Promise<boolean> {
      return db.transaction(async (tx) => {
        await tx.query('SELECT pg_advisory_xact_lock($1)', [firstKeyLock]);
        const { rowCount } = await tx.query('SELECT FROM core.api_keys LIMIT 1');
        if (rowCount > 0) return false;
        const known = await tx.query<{ id: string }>(
          `SELECT id FROM core.owners WHERE status = 'active' ORDER BY created_at, id LIMIT 1`,
        );
        const ownerId = known.rows[0]?.id ?? randomUUID();
        await tx.query(
          `INSERT INTO core.owners (id, source, name) VALUES ($1, 'first-start', 'owner') ON CONFLICT (id) DO NOTHING`,
          [ownerId],
        );
        await insertWithAllScopes(tx, { ownerId, keyHash, source: 'first-start', name: 'first' });
        return true;
      });
    },

    /** Gives the owner of the first key another one with all scopes; for the owner of the state folder alone. */
    async insertRecovered(keyHash: string): Promise<void> {
      await db.transaction(async (tx) => {
        const { rows } = await tx.query<{ ownerId: string }>(
          `SELECT owner_id AS "ownerId" FROM core.api_keys ORDER BY created_at, id LIMIT 1`,
        );
        const [first] = rows;
        if (first === undefined) throw new Error('A house without any key gets its first one at its start.');
        await insertWithAllScopes(tx, { ...first, keyHash, source: 'recovery', name: 'recovered' });
      });
    },
  };
}

export type KeyStore = ReturnType<typeof createKeyStore>;
