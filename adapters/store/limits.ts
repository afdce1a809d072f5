import { RateLimiterPostgres, RateLimiterRes } from 'rate-limiter-flexible';
import { type LimitKind, limitWindow, type Limits } from '../../contracts/limits.ts';
import type { Postgres } from '../postgres.ts';

/** What is left of a key's minute. */
export interface LimitState {
  allowed: boolean;
  limit: number;
  remaining: number;
  /** Milliseconds until counting begins anew. */
  resetsInMs: number;
}

/**
 * Counts requests in core.rate_limits, one statement for each; for the core role. A key that is over its limit is
 * remembered in this process until its minute ends, and costs the database nothing.
 */
export function createLimitStore(db: Postgres, limits: Limits) {
  const storeClient = {
    query: ({ text, values }: { text: string; values: readonly unknown[] }) => db.query(text, values),
  };
  const limiterOf = (kind: LimitKind) =>
    new RateLimiterPostgres({
      storeClient,
      storeType: 'client',
      schemaName: 'core',
      tableName: 'rate_limits',
      tableCreated: true,
      // There is one row for each key and kind, so nothing piles up.
      clearExpiredByTimeout: false,
      keyPrefix: kind,
      points: limits[kind],
      duration: limitWindow / 1000,
      inMemoryBlockOnConsumed: limits[kind] + 1,
    });
  const limiters = { queries: limiterOf('queries'), requests: limiterOf('requests') };

  return {
    /** Counts one request of a key. */
    async consume(kind: LimitKind, keyId: string): Promise<LimitState> {
      const state = (allowed: boolean, { remainingPoints, msBeforeNext }: RateLimiterRes): LimitState => ({
        allowed,
        limit: limits[kind],
        remaining: remainingPoints,
        resetsInMs: msBeforeNext,
      });
      try {
        return state(true, await limiters[kind].consume(keyId));
      } catch (error) {
        if (error instanceof RateLimiterRes) return state(false, error);
        throw error;
      }
    },
  };
}

export type LimitStore = ReturnType<typeof createLimitStore>;
