import { createRoute, OpenAPIHono } from '@hono/zod-openapi';
import { payloadsSchema } from '../../contracts/web-ui.ts';
import type { ApiEnv } from '../env.ts';
import { loggedInOrKey } from '../middleware/session.ts';
import { answer, body, refusals, security } from '../openapi.ts';
import type { ApiDeps } from '../ports.ts';
import { refuseInvalid } from '../problem.ts';

/** `{"text":"milk"}`, as Temporal's JSON has it. */
const plain = { payloads: [{ metadata: { encoding: 'anNvbi9wbGFpbg==' }, data: 'eyJ0ZXh0IjoibWlsayJ9' }] };
const sealed = { payloads: [{ metadata: { encoding: 'YmluYXJ5L2VuY3J5cHRlZA==' }, data: 'bm90IHJlYWxseQ==' }] };

/** A route of Temporal's remote codec; the queries that the Web UI adds mean nothing here. */
function codecRoute<Path extends string>(deps: ApiDeps, path: Path, texts: { summary: string; done: string }) {
  const [given, got] = path === '/codec/decode' ? [sealed, plain] : [plain, sealed];
  return createRoute({
    method: 'post',
    path,
    tags: ['web ui'],
    summary: texts.summary,
    security: [...security, { session: [] }],
    middleware: loggedInOrKey(deps),
    request: { body: body(payloadsSchema, given) },
    responses: {
      200: answer(payloadsSchema, texts.done, got),
      ...refusals({ keyed: true, bodied: true, own: ['not-logged-in'] }),
    },
  });
}

/** Reads and makes the encrypted payloads of the house, for Temporal's Web UI on the same origin. */
export function codecRoutes(deps: ApiDeps) {
  const decode = codecRoute(deps, '/codec/decode', {
    summary: 'Decrypt what Temporal keeps',
    done: 'The payloads in their order; one that cannot be read comes back as it is.',
  });
  const encode = codecRoute(deps, '/codec/encode', {
    summary: 'Encrypt what Temporal is to keep',
    done: 'The payloads in their order.',
  });
  return new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalid })
    .openapi(decode, async (context) =>
      context.json({ payloads: await deps.codec.decode(context.req.valid('json').payloads) }, 200),
    )
    .openapi(encode, async (context) =>
      context.json({ payloads: await deps.codec.encode(context.req.valid('json').payloads) }, 200),
    );
}
