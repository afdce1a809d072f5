import type { MiddlewareHandler } from 'hono';
import { sha256 } from '../../contracts/action.ts';
import { apiKeyShape, type Scope } from '../../contracts/api.ts';
import type { ApiEnv } from '../env.ts';
import type { KeyPort } from '../ports.ts';
import { Problem } from '../problem.ts';

/**
 * Knows the caller by `x-api-key` or `authorization: Bearer`. Keys are looked up by their hash, so the time that an
 * answer takes says nothing about how near a guess was.
 */
export function authenticated({ keys }: { keys: KeyPort }): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const bearer = /^Bearer +(\S+)$/i.exec(context.req.header('authorization') ?? '')?.[1];
    const key = context.req.header('x-api-key') ?? bearer ?? '';
    const found = apiKeyShape.test(key) ? await keys.find(sha256(key)) : null;
    if (found === null) {
      throw new Problem('unauthenticated', 'Send a valid key as x-api-key or as authorization: Bearer.');
    }
    if (found.expired) throw new Problem('key-expired', 'Use a key that has not expired.');
    context.set('caller', found.caller);
    await next();
  };
}

/** Lets only keys with this scope through. */
export function requireScope(scope: Scope): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    if (!context.get('caller').scopes.includes(scope)) {
      throw new Problem('missing-scope', `This needs a key with the scope ${scope}.`, { scope });
    }
    await next();
  };
}
