import { randomUUID } from 'node:crypto';
import type { Postgres } from '../postgres.ts';

/** What a repeated key means; `id` stays the same when another caller takes the request over. */
export type IdempotencyClaim =
  | { kind: 'run'; id: string }
  | { kind: 'answered'; status: number; body: unknown }
  | { kind: 'conflict' }
  | { kind: 'busy' };

interface Row {
  status: 'open' | 'answered';
  request_hash: string;
  response_status: number;
  response_body: unknown;
}

/** Answers that repeats get again; for the core role. */
export function createIdempotencyStore(db: Postgres) {
  return {
    /**
     * Takes a key, or says who has it. A key that was given back, or whose holder has shown no answer for `leaseMs`, is
     * taken over.
     */
    async begin(request: {
      ownerId: string;
      key: string;
      requestHash: string;
      leaseMs: number;
    }): Promise<IdempotencyClaim> {
      const { ownerId, key, requestHash, leaseMs } = request;
      const taken = await db.query<{ id: string }>(
        `INSERT INTO core.idempotency_keys AS known (id, source, owner_id, key, request_hash) VALUES ($1, 'api', $2, $3, $4)
         ON CONFLICT (owner_id, key) DO UPDATE SET metadata = '{}'
           WHERE known.status = 'open' AND known.request_hash = excluded.request_hash
             AND (known.metadata ? 'released' OR known.updated_at < clock_timestamp() - make_interval(secs => $5))
         RETURNING id`,
        [randomUUID(), ownerId, key, requestHash, leaseMs / 1000],
      );
      if (taken.rows[0] !== undefined) return { kind: 'run', id: taken.rows[0].id };
      const { rows } = await db.query<Row>(
        'SELECT status, request_hash, response_status, response_body FROM core.idempotency_keys WHERE owner_id = $1 AND key = $2',
        [ownerId, key],
      );
      const known = rows[0];
      if (known === undefined) throw new Error('An idempotency key that was just refused is not there.');
      if (known.request_hash !== requestHash) return { kind: 'conflict' };
      if (known.status === 'open') return { kind: 'busy' };
      return { kind: 'answered', status: known.response_status, body: known.response_body };
    },

    /** Stores the answer; the first one stands. */
    async complete(id: string, answer: { status: number; body: unknown }): Promise<void> {
      await db.query(
        `UPDATE core.idempotency_keys SET status = 'answered', response_status = $2, response_body = $3
         WHERE id = $1 AND status = 'open'`,
        [id, answer.status, JSON.stringify(answer.body)],
      );
    },

    /** Gives the key back without an answer. */
    async release(id: string): Promise<void> {
      await db.query(
        `UPDATE core.idempotency_keys SET metadata = '{"released": true}' WHERE id = $1 AND status = 'open'`,
        [id],
      );
    },
  };
}

export type IdempotencyStore = ReturnType<typeof createIdempotencyStore>;
