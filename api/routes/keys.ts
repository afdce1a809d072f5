import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import {
  type ApiKey,
  createKeySchema,
  keySchema,
  keysQuery,
  keysSchema,
  type NewKey,
  newKeySchema,
  rotateKeySchema,
} from '../../contracts/api-keys.ts';
import { idParams, ordinaryScopes } from '../../contracts/api.ts';
import { nextOf, readCursor } from '../cursor.ts';
import type { ApiEnv } from '../env.ts';
import { createKey, revokeKey, rotateKey, toApiKey } from '../keys.ts';
import { requireScope } from '../middleware/auth.ts';
import { once } from '../middleware/idempotency.ts';
import { answer, body, idempotencyHeader, refusals, security } from '../openapi.ts';
import type { ApiDeps } from '../ports.ts';

const example: ApiKey = {
  id: '018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e70',
  name: 'phone',
  scopes: [...ordinaryScopes],
  status: 'active',
  created_at: '2026-11-21T12:00:00.000Z',
  created_by: '018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e71',
  rotated_from: null,
  expires_at: '2027-02-19T12:00:00.000Z',
  last_used_at: null,
};
const exampleNew: NewKey = { key: example, secret: `mj_${'A'.repeat(43)}` };

const common = { tags: ['keys'], security, middleware: requireScope('keys:manage') };

const list = createRoute({
  method: 'get',
  path: '/keys',
  summary: 'The keys, newest first; without their secrets, which nobody has',
  ...common,
  request: { query: keysQuery },
  responses: {
    200: answer(keysSchema, 'A page; read on with `after`.', { keys: [example], next: null }),
    ...refusals({ keyed: true, own: ['validation', 'unknown-field'] }),
  },
});

const create = createRoute({
  method: 'post',
  path: '/keys',
  summary: 'Make a key',
  description: 'Its secret is in this answer and nowhere else: the house keeps its SHA-256, and a repeat says null.',
  ...common,
  parameters: [idempotencyHeader],
  request: { body: body(createKeySchema, { name: 'phone', expires_in_days: 90 }) },
  responses: {
    201: answer(newKeySchema, 'The key is valid from now on.', exampleNew),
    ...refusals({ keyed: true, bodied: true }),
  },
});

const rotate = createRoute({
  method: 'post',
  path: '/keys/{id}/rotate',
  summary: 'Put a new key into the place of an old one',
  description: 'It has the same name and scopes; the old one ends at once, or after `old_valid_seconds`.',
  ...common,
  parameters: [idempotencyHeader],
  request: { params: idParams, body: body(rotateKeySchema, { old_valid_seconds: 3_600 }) },
  responses: {
    201: answer(newKeySchema, 'The new key.', { ...exampleNew, key: { ...example, rotated_from: exampleNew.key.id } }),
    ...refusals({ keyed: true, bodied: true, own: ['not-found', 'key-ended'] }),
  },
});

const revoke = createRoute({
  method: 'post',
  path: '/keys/{id}/revoke',
  summary: 'End a key at once',
  description: 'What it asked for and nobody decided yet counts no more. A repeat is the same.',
  ...common,
  request: { params: idParams },
  responses: {
    200: answer(keySchema, 'It has ended.', { ...example, status: 'revoked' }),
    ...refusals({ keyed: true, own: ['validation', 'not-found', 'last-key'] }),
  },
});

/** The routes as they are documented: the client checks what answers by them. */
export const keyContracts = [list, create, rotate, revoke];

const made = z.object({ status: z.literal(201), body: newKeySchema });
type Made = z.infer<typeof made>;
const withoutSecret = (given: Made): Made => ({ ...given, body: { ...given.body, secret: null } });

/** The keys of the caller's owner. */
export function keyRoutes(deps: ApiDeps) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(list, async (context) => {
      const { after, limit } = context.req.valid('query');
      const page = { limit, ...(after !== undefined && { before: readCursor(after) }) };
      const found = await deps.issuedKeys.list(context.get('caller').ownerId, page);
      return context.json({ keys: found.map(toApiKey), next: nextOf(found, limit) }, 200);
    })
    .openapi(create, async (context) => {
      const wanted = context.req.valid('json');
      const request = { body: wanted, answer: made, kept: withoutSecret };
      const result = await once(context, deps, request, async (id) => ({
        status: 201 as const,
        body: await createKey(deps, context.get('caller'), id, wanted),
      }));
      return context.json(result.body, result.status);
    })
    .openapi(rotate, async (context) => {
      const wanted = context.req.valid('json');
      const of = context.req.valid('param').id.toLowerCase();
      const request = { body: wanted, answer: made, kept: withoutSecret };
      const result = await once(context, deps, request, async (id) => ({
        status: 201 as const,
        body: await rotateKey(deps, context.get('caller'), { id, of }, wanted),
      }));
      return context.json(result.body, result.status);
    })
    .openapi(revoke, async (context) => {
      const key = await revokeKey(deps, context.get('caller'), context.req.valid('param').id.toLowerCase());
      return context.json(key, 200);
    });
}
