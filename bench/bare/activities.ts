import { randomUUID } from 'node:crypto';
import type { Postgres } from '../../adapters/postgres.ts';

export interface BareActivities {
  nothing: () => Promise<void>;
  /** Commits so many rows one by one; the last one has the id. */
  insert: (input: { effectId: string; inserts: number }) => Promise<void>;
}

/** An activity that does nothing, and one that commits as often as the house does. */
export function createBareActivities(core: Postgres): BareActivities {
  return {
    nothing: () => Promise.resolve(),
    async insert({ effectId, inserts }) {
      for (let left = inserts; left > 0; left--) {
        await core.query('INSERT INTO bench.effects (id) VALUES ($1)', [left === 1 ? effectId : randomUUID()]);
      }
    },
  };
}
