import { randomBytes, randomUUID } from 'node:crypto';
import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import { sha256 } from '../../contracts/action.ts';
import { retryAfterSeconds } from '../../contracts/api.ts';
import { linkLasts, webUiLinkRequestSchema, webUiLinkSchema } from '../../contracts/web-ui.ts';
import type { ApiEnv } from '../env.ts';
import { requireScope } from '../middleware/auth.ts';
import { answer, body, refusals, security } from '../openapi.ts';
import type { ApiDeps } from '../ports.ts';
import { Problem } from '../problem.ts';

const post = createRoute({
  method: 'post',
  path: '/ui/links',
  tags: ['web ui'],
  summary: "A link that logs a browser in to Temporal's Web UI",
  description: `Opens once, within ${linkLasts / 1000} s. Takes no idempotency key: a stored answer would hold the secret.`,
  security,
  middleware: requireScope('ui:open'),
  request: { body: body(webUiLinkRequestSchema, { view: 'waiting' }) },
  responses: {
    201: answer(webUiLinkSchema, 'The link.', {
      url: 'http://127.0.0.1:7780/login#wYpTtS3oVvDjzJ0fRr9sQm1nXbE7cAqGkHl2iU8eWd4',
      expires_at: '2026-11-21T12:01:00.000Z',
    }),
    ...refusals({ keyed: true, bodied: true, own: ['web-ui-unavailable'] }),
  },
});

/** The routes as they are documented: the client checks what answers by them. */
export const webUiLinkContracts = [post];

/** Links to the Web UI. */
export function webUiLinkRoutes({ logins, webUi }: Pick<ApiDeps, 'logins' | 'webUi'>) {
  return new OpenAPIHono<ApiEnv>().openapi(post, async (context) => {
    if (webUi === null) {
      throw new Problem('web-ui-unavailable', 'This house knows no UI server: see the log of its start.', {
        retry_after: retryAfterSeconds,
      });
    }
    const { view } = context.req.valid('json');
    const { keyId } = context.get('caller');
    const secret = randomBytes(32).toString('base64url');
    const link = { id: randomUUID(), keyId, linkHash: sha256(secret), view, lastsMs: linkLasts };
    const expires = await logins.offer(link);
    const url = new URL(`/login#${secret}`, context.req.url).href;
    return context.json({ url, expires_at: expires.toISOString() }, 201);
  });
}
