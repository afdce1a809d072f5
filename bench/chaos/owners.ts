import { randomBytes, randomUUID } from 'node:crypto';
import type { Postgres } from '../../adapters/postgres.ts';
import { sha256 } from '../../contracts/action.ts';
import { scopes } from '../../contracts/api.ts';

/** Somebody who buys; each has one undecided purchase at a time, so many owners are many purchases in flight. */
export interface Owner {
  id: string;
  key: string;
}

/** Writes owners with a key each straight into the house's database. */
export async function makeOwners(core: Postgres, count: number): Promise<Owner[]> {
  return Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const owner: Owner = { id: randomUUID(), key: `mj_${randomBytes(32).toString('base64url')}` };
      const keyId = randomUUID();
      await core.query(`INSERT INTO core.owners (id, source, name) VALUES ($1, 'chaos', $2)`, [
        owner.id,
        `owner ${index + 1}`,
      ]);
      await core.query(
        `INSERT INTO core.owner_accounts (id, source, owner_id, channel, account) VALUES ($1, 'chaos', $2, 'key', $3)`,
        [randomUUID(), owner.id, keyId],
      );
      await core.query(
        `INSERT INTO core.api_keys (id, source, owner_id, name, key_hash, scopes) VALUES ($1, 'chaos', $2, 'chaos', $3, $4)`,
        [keyId, owner.id, sha256(owner.key), [...scopes]],
      );
      return owner;
    }),
  );
}
