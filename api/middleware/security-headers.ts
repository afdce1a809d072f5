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

/** Answers run no code and are not framed, cached or sniffed; the docs page may load its own files. The innermost wins. */
export function securityHeaders(options: { documentation: boolean }): MiddlewareHandler {
  const common = { strictTransportSecurity: false, xFrameOptions: 'DENY' } as const;
  const headers = secureHeaders({ ...common, contentSecurityPolicy: options.documentation ? documentation : closed });
  return async (context, next) => {
    await next();
    if (context.res.headers.has('content-security-policy')) return;
    await headers(context, async () => {});
    context.res.headers.set('cache-control', options.documentation ? 'no-cache' : 'no-store');
  };
}
