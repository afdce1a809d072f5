import type { MiddlewareHandler } from 'hono';
import { secureHeaders } from 'hono/secure-headers';

const none = ["'none'"];
const closed = { defaultSrc: none, baseUri: none, formAction: none, frameAncestors: none };
/** Swagger UI sets styles from its script and has its icons as data URLs. */
const documentation = {
  ...closed,
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  connectSrc: ["'self'"],
};
/** The login page runs its own script, which calls us, and has a button that logs out. */
const own = ["'self'"];
const login = { ...closed, scriptSrc: own, connectSrc: own, formAction: own };
const policies = { closed, documentation, login };

/** Answers run no code and are not framed, cached or sniffed; our pages may load their own files. The innermost wins. */
export function securityHeaders(policy: keyof typeof policies): MiddlewareHandler {
  const common = { strictTransportSecurity: false, xFrameOptions: 'DENY' } as const;
  const headers = secureHeaders({ ...common, contentSecurityPolicy: policies[policy] });
  return async (context, next) => {
    await next();
    if (context.res.headers.has('content-security-policy')) return;
    await headers(context, async () => {});
    context.res.headers.set('cache-control', policy === 'documentation' ? 'no-cache' : 'no-store');
  };
}
