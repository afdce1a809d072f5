import type { View } from '../../contracts/web-ui.ts';
import type { Postgres } from '../postgres.ts';

/** The key behind a login is still good: not revoked, not expired, and may still open the Web UI. */
const keyHolds = `key.status = 'active' AND coalesce(key.expires_at > clock_timestamp(), true)
  AND 'ui:open' = ANY (key.scopes)`;

/** Logins to the Web UI, of which Postgres knows the SHA-256 alone; for the core role. */
export function createLoginStore(db: Postgres) {
  return {
    /** Writes a link down; until when it can be opened. */
    async offer(link: { id: string; keyId: string; linkHash: string; view: View; lastsMs: number }): Promise<Date> {
      const { rows } = await db.query<{ expires_at: Date }>(
        `INSERT INTO core.logins (id, source, api_key_id, link_hash, view, expires_at)
         VALUES ($1, 'api', $2, $3, $4, clock_timestamp() + $5 * interval '1 millisecond') RETURNING expires_at`,
        [link.id, link.keyId, link.linkHash, link.view, link.lastsMs],
      );
      const [row] = rows;
      if (row === undefined) throw new Error('A login link was not written.');
      return row.expires_at;
    },

    /** Turns a link into a session, once; null when there is no such link, or not any more. */
    async open(login: { linkHash: string; sessionHash: string; lastsMs: number }): Promise<{ view: View } | null> {
      const { rows } = await db.query<{ view: View }>(
        `UPDATE core.logins login
         SET status = 'open', session_hash = $2, expires_at = clock_timestamp() + $3 * interval '1 millisecond'
         FROM core.api_keys key
         WHERE login.link_hash = $1 AND login.status = 'offered' AND login.expires_at > clock_timestamp()
           AND key.id = login.api_key_id AND ${keyHolds}
         RETURNING login.view`,
        [login.linkHash, login.sessionHash, login.lastsMs],
      );
      return rows[0] ?? null;
    },

    /** Whether a session is good at this moment. */
    async isOpen(sessionHash: string): Promise<boolean> {
      const { rowCount } = await db.query(
        `SELECT FROM core.logins login JOIN core.api_keys key ON key.id = login.api_key_id
         WHERE login.session_hash = $1 AND login.status = 'open' AND login.expires_at > clock_timestamp() AND ${keyHolds}`,
        [sessionHash],
      );
      return rowCount > 0;
    },

    /** Ends a session; one that is over stays as it is. */
    async end(sessionHash: string): Promise<void> {
      await db.query(`UPDATE core.logins SET status = 'ended' WHERE session_hash = $1 AND status = 'open'`, [
        sessionHash,
      ]);
    },
  };
}
