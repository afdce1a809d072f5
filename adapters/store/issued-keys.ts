import { randomUUID } from 'node:crypto';
import type { KeyState } from '../../contracts/api-keys.ts';
import type { Scope } from '../../contracts/api.ts';
import type { Postgres, Queryable } from '../postgres.ts';

/** A key as it stands; of its text Postgres knows the SHA-256 alone. */
export interface IssuedKey {
  id: string;
  name: string;
  scopes: Scope[];
  state: KeyState;
  createdAt: Date;
  createdBy: string | null;
  rotatedFrom: string | null;
  expiresAt: Date | null;
  lastUsedAt: Date | null;
}

interface NewKey {
  id: string;
  keyHash: string;
  createdBy: string;
}

const columns = `id, name, scopes, created_at AS "createdAt", created_by AS "createdBy", rotated_from AS "rotatedFrom",
  expires_at AS "expiresAt", last_used_at AS "lastUsedAt",
  CASE WHEN status = 'superseded' THEN 'rotated' WHEN status <> 'active' THEN 'revoked'
    WHEN expires_at <= clock_timestamp() THEN 'expired' ELSE 'active' END AS state`;

/** Changes to one owner's keys happen one after the other, so that of two that cannot both be only one is. */
const oneAtATime = (tx: Queryable, ownerId: string) =>
  tx.query('SELECT FROM core.owners WHERE id = $1 FOR NO KEY UPDATE', [ownerId]);

async function read(db: Queryable, ownerId: string, id: string): Promise<IssuedKey | null> {
  const { rows } = await db.query<IssuedKey>(`SELECT ${columns} FROM core.api_keys WHERE owner_id = $1 AND id = $2`, [
    ownerId,
    id,
  ]);
  return rows[0] ?? null;
}

async function written(db: Queryable, ownerId: string, id: string): Promise<IssuedKey> {
  const key = await read(db, ownerId, id);
  if (key === null) throw new Error('A key that was just written is not there.');
  return key;
}

async function insert(
  tx: Queryable,
  ownerId: string,
  key: NewKey & { name: string; scopes: readonly Scope[]; expiresAt: Date | null; rotatedFrom: string | null },
): Promise<boolean> {
  const { rowCount } = await tx.query(
    `INSERT INTO core.api_keys (id, source, owner_id, name, key_hash, scopes, expires_at, created_by, rotated_from)
     VALUES ($1, 'api', $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (id) DO NOTHING`,
    [key.id, ownerId, key.name, key.keyHash, [...key.scopes], key.expiresAt, key.createdBy, key.rotatedFrom],
  );
  if (rowCount === 0) return false;
  await tx.query(
    `INSERT INTO core.owner_accounts (id, source, owner_id, channel, account) VALUES ($1, 'api', $2, 'key', $3)`,
    [randomUUID(), ownerId, key.id],
  );
  return true;
}

/** The keys that people make of keys; for the core role. Everything is an owner's: another's key is not there. */
export function createIssuedKeyStore(db: Postgres) {
  return {
    /** Newest first; `before` is the cursor: the creation time in milliseconds and the id of the last one seen. */
    async list(
      ownerId: string,
      { limit, before }: { limit: number; before?: { createdAt: Date; id: string } },
    ): Promise<IssuedKey[]> {
      const { rows } = await db.query<IssuedKey>(
        `SELECT ${columns} FROM core.api_keys WHERE owner_id = $1
           AND ($2::timestamptz IS NULL OR (date_trunc('milliseconds', created_at), id) < ($2, $3::uuid))
         ORDER BY date_trunc('milliseconds', created_at) DESC, id DESC LIMIT $4`,
        [ownerId, before?.createdAt ?? null, before?.id ?? null, limit],
      );
      return rows;
    },

    get: (ownerId: string, id: string) => read(db, ownerId, id),

    /** Makes a key and its account; `made` is false in a repeat, whose hash counts for nothing. */
    async create(
      ownerId: string,
      key: NewKey & { name: string; scopes: readonly Scope[]; expiresAt: Date | null },
    ): Promise<{ key: IssuedKey; made: boolean }> {
      return db.transaction(async (tx) => {
        const made = await insert(tx, ownerId, { ...key, rotatedFrom: null });
        return { key: await written(tx, ownerId, key.id), made };
      });
    },

    /** A key with a successor is `ended` too, although it may work for a while yet. */
    async rotate(
      ownerId: string,
      id: string,
      key: NewKey & { expiresAt: Date | undefined; oldValidSeconds: number },
    ): Promise<{ kind: 'rotated'; key: IssuedKey; made: boolean } | { kind: 'unknown' } | { kind: 'ended' }> {
      return db.transaction(async (tx) => {
        await oneAtATime(tx, ownerId);
        const old = await read(tx, ownerId, id);
        if (old === null) return { kind: 'unknown' };
        const successor = await tx.query<{ id: string }>('SELECT id FROM core.api_keys WHERE rotated_from = $1', [id]);
        const [next] = successor.rows;
        if (next?.id === key.id) return { kind: 'rotated', key: await written(tx, ownerId, key.id), made: false };
        if (next !== undefined || old.state !== 'active') return { kind: 'ended' };
        const { name, scopes, expiresAt } = old;
        await insert(tx, ownerId, { ...key, name, scopes, expiresAt: key.expiresAt ?? expiresAt, rotatedFrom: id });
        await tx.query(
          `UPDATE core.api_keys SET status = CASE WHEN $2 > 0 THEN status ELSE 'superseded' END,
             expires_at = least(expires_at, clock_timestamp() + make_interval(secs => $2)) WHERE id = $1`,
          [id, key.oldValidSeconds],
        );
        return { kind: 'rotated', key: await written(tx, ownerId, key.id), made: true };
      });
    },

    /** Its account ends with it: what the key asked for and nobody decided yet has no authority any more. */
    async revoke(ownerId: string, id: string): Promise<IssuedKey | 'unknown' | 'last'> {
      return db.transaction(async (tx) => {
        await oneAtATime(tx, ownerId);
        const key = await read(tx, ownerId, id);
        if (key === null) return 'unknown';
        const manages = key.state === 'active' && key.scopes.includes('keys:manage');
        if (manages && !(await anotherManager(tx, ownerId, id))) return 'last';
        await tx.query(`UPDATE core.api_keys SET status = 'inactive' WHERE id = $1 AND status <> 'inactive'`, [id]);
        await tx.query(`UPDATE core.owner_accounts SET status = 'inactive' WHERE channel = 'key' AND account = $1`, [
          id,
        ]);
        return written(tx, ownerId, id);
      });
    },
  };
}

/** A key that was rotated and works for a while yet is none: soon nobody would be left. */
async function anotherManager(tx: Queryable, ownerId: string, id: string): Promise<boolean> {
  const { rowCount } = await tx.query(
    `SELECT FROM core.api_keys WHERE owner_id = $1 AND id <> $2 AND status = 'active' AND 'keys:manage' = ANY (scopes)
       AND (expires_at IS NULL OR expires_at > clock_timestamp())
       AND NOT EXISTS (SELECT FROM core.api_keys next WHERE next.rotated_from = api_keys.id) LIMIT 1`,
    [ownerId, id],
  );
  return rowCount > 0;
}

export type IssuedKeyStore = ReturnType<typeof createIssuedKeyStore>;
