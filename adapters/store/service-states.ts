import { randomUUID } from 'node:crypto';
import type { Postgres } from '../postgres.ts';

/** What one process knows of an outside service and another must say. */
export interface ServiceState {
  status: 'healthy' | 'degraded' | 'unhealthy';
  /** `offline`, or the model's id. */
  label: string;
  /** Milliseconds until it may be better; 0 when nobody knows or nothing is wrong. */
  untilMs: number;
}

export function createServiceStateStore(db: Postgres) {
  return {
    async set(name: string, state: ServiceState): Promise<void> {
      await db.query(
        `INSERT INTO core.service_states (id, source, name, status, metadata, until)
         VALUES ($1, 'worker', $2, $3, jsonb_build_object('label', $4::text), clock_timestamp() + make_interval(secs => $5))
         ON CONFLICT (name) DO UPDATE SET status = excluded.status, metadata = excluded.metadata, until = excluded.until`,
        [randomUUID(), name, state.status, state.label, state.untilMs / 1000],
      );
    },

    async get(name: string): Promise<ServiceState | null> {
      const { rows } = await db.query<ServiceState>(
        `SELECT status, metadata ->> 'label' AS label,
           greatest(0, extract(epoch FROM until - clock_timestamp()) * 1000)::float8 AS "untilMs"
         FROM core.service_states WHERE name = $1`,
        [name],
      );
      return rows[0] ?? null;
    },
  };
}

export type ServiceStateStore = ReturnType<typeof createServiceStateStore>;
