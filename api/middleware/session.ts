import type { MiddlewareHandler } from 'hono';
import { getCookie } from 'hono/cookie';
import { sha256 } from '../../contracts/action.ts';
import { secretShape } from '../../contracts/web-ui.ts';
import type { ApiEnv } from '../env.ts';
import type { ApiDeps } from '../ports.ts';
import { Problem } from '../problem.ts';
import { authenticated, requireScope } from './auth.ts';
import { limited } from './limits.ts';

/** Holds the session's secret. Not `__Host-`: that asks for TLS, and the house speaks plain HTTP on loopback. */
export const sessionCookie = 'majordomo_session';

/**
 * Lets pages of our own origin through, with the cookie of a session that is good. A cookie knows no ports, and
 * SameSite counts every port of a host as one site: so the browser's word on where the request comes from must be ours
 * too (Fetch Metadata; absent from programs that are no browser).
 */
export function loggedIn({ logins }: Pick<ApiDeps, 'logins'>): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    const session = getCookie(context, sessionCookie) ?? '';
    if (!secretShape.test(session) || !(await logins.isOpen(sha256(session)))) {
      throw new Problem(
        'not-logged-in',
        'On the machine of the house, `npx majordomo webui` gives a link that logs in.',
      );
    }
    const from = context.req.header('sec-fetch-site') ?? 'none';
    if (from !== 'same-origin' && from !== 'none') {
      throw new Problem('foreign-origin', 'This page answers only itself and what is typed into the address bar.');
    }
    await next();
  };
}

/** Lets a session through, or a key that could have opened one: its requests are counted as everywhere. */
export function loggedInOrKey(deps: Pick<ApiDeps, 'logins' | 'keys' | 'limits'>): MiddlewareHandler<ApiEnv> {
  const bySession = loggedIn(deps);
  const byKey = authenticated(deps);
  const withinLimits = limited(deps);
  const mayOpen = requireScope('ui:open');
  return (context, next) => {
    const { req } = context;
    const hasKey = req.header('x-api-key') !== undefined || req.header('authorization') !== undefined;
    if (!hasKey) return bySession(context, next);
    const open = async () => void (await mayOpen(context, next));
    return byKey(context, async () => void (await withinLimits(context, open)));
  };
}
