import type { MiddlewareHandler } from 'hono';
import { Problem } from '../problem.ts';

const loopback = ['localhost', '127.0.0.1', '[::1]'];

/**
 * Serves only names that are ours, so that a foreign name which resolves to this machine (DNS rebinding) gets nothing,
 * and only pages of our own origin.
 */
export function ownOriginOnly({ allowedHosts }: { allowedHosts: readonly string[] }): MiddlewareHandler {
  const known = new Set([...loopback, ...allowedHosts.map((host) => host.toLowerCase())]);
  return async (context, next) => {
    const target = new URL(context.req.url);
    const host = context.req.header('host') ?? target.host;
    const named = hostOf(`http://${host}`);
    if (named === null || !known.has(named.hostname) || !known.has(target.hostname)) {
      throw new Problem('foreign-host', 'Use a loopback name, or add this one to MAJORDOMO_ALLOWED_HOSTS.');
    }
    const origin = context.req.header('origin');
    if (origin !== undefined && hostOf(origin)?.host !== named.host) {
      throw new Problem('foreign-origin', 'This API answers no pages of other origins.');
    }
    await next();
  };
}

function hostOf(address: string): URL | null {
  return URL.canParse(address) ? new URL(address) : null;
}
