import type { MiddlewareHandler } from 'hono';
import type { ApiEnv } from '../env.ts';
import type { ApiDeps } from '../ports.ts';
import { Problem } from '../problem.ts';

/**
 * Counts every request of a key and refuses those over its limit. After the authentication: an unknown key has no row to
 * count in, and no way to fill the table.
 */
export function limited({ limits }: Pick<ApiDeps, 'limits'>): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const { method, path } = context.req;
    const kind = method === 'POST' && path === '/api/v1/messages' ? 'queries' : 'requests';
    const { allowed, limit, remaining, resetsInMs } = await limits.consume(kind, context.get('caller').keyId);
    context.header('x-ratelimit-limit', String(limit));
    context.header('x-ratelimit-remaining', String(remaining));
    context.header('x-ratelimit-reset', String(Math.ceil((Date.now() + resetsInMs) / 1000)));
    if (!allowed) {
      const retryAfter = Math.max(1, Math.ceil(resetsInMs / 1000));
      throw new Problem('rate-limited', `A key may make ${limit} ${kind} in a minute.`, { retry_after: retryAfter });
    }
    await next();
  };
}
