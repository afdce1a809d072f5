import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import { chainParams } from '../../contracts/api.ts';
import {
  type ApprovalEvent,
  approvalEventSchema,
  type BoardEvent,
  boardEventSchema,
  eventsQuery,
} from '../../contracts/events.ts';
import type { ApiEnv } from '../env.ts';
import { createEventStreams, positionOf } from '../event-stream.ts';
import { requireScope } from '../middleware/auth.ts';
import { refusals, security } from '../openapi.ts';
import type { ApiDeps } from '../ports.ts';
import { Problem } from '../problem.ts';
import { exampleApproval } from './approvals-examples.ts';
import { exampleItem } from './pipelines-examples.ts';

const exampleBoardEvent: BoardEvent = {
  kind: 'stage',
  item_id: exampleItem.id,
  stage: 'captured',
  event: 'done',
  at: exampleItem.since,
};
const exampleApprovalEvent: ApprovalEvent = {
  approval_id: exampleApproval.id,
  event: 'requested',
  status: 'pending',
  verdict: null,
  via: null,
  at: exampleApproval.created_at,
};

const description =
  'Server-sent events. The first is `ready`; the others have no name, and JSON as their data. Each has an id: who comes back ' +
  'with it as `Last-Event-ID` or `after` misses none and gets none twice. A stream ends by itself after some minutes, and with its key.';
const lastEventId = {
  name: 'Last-Event-ID',
  in: 'header',
  required: false,
  description: 'The id of the last event seen.',
  schema: { type: 'string', pattern: '^[\\w-]{1,200}$' },
} as const;
const streamOf = (name: string, example: object) => ({
  description: `Events, each with a \`${name}\` as its data.`,
  content: {
    'text/event-stream': {
      schema: z.string(),
      // OpenAPI 3.2's word for what `schema` cannot say: the form of each event.
      itemSchema: {
        type: 'object' as const,
        properties: {
          id: { type: 'string' as const },
          event: { const: 'ready' },
          retry: { type: 'integer' as const },
          data: {
            type: 'string' as const,
            contentMediaType: 'application/json',
            contentSchema: {
              anyOf: [{ $ref: `#/components/schemas/${name}` }, { type: 'object' as const, maxProperties: 0 }],
            },
          },
        },
        required: ['id', 'data'],
        additionalProperties: false,
      },
      example: `event: ready\nid: WyIxIiwiMSIsMCwwXQ\ndata: {}\n\nid: WyIxIiwiMiIsMSw3XQ\ndata: ${JSON.stringify(example)}\n\n`,
    },
  },
});

const board = createRoute({
  method: 'get',
  path: '/pipelines/{chain}/board/events',
  tags: ['pipelines'],
  summary: 'What happens on a board, as it happens',
  description,
  security,
  middleware: requireScope('pipelines:read'),
  parameters: [lastEventId],
  request: { params: chainParams, query: eventsQuery },
  responses: {
    200: streamOf('BoardEvent', exampleBoardEvent),
    ...refusals({ keyed: true, own: ['validation', 'unknown-field', 'not-found', 'too-many-streams'] }),
  },
});

const approvals = createRoute({
  method: 'get',
  path: '/approvals/events',
  tags: ['approvals'],
  summary: 'What happens at the gates, as it happens',
  description,
  security,
  middleware: requireScope('approvals:read'),
  parameters: [lastEventId],
  request: { query: eventsQuery },
  responses: {
    200: streamOf('ApprovalEvent', exampleApprovalEvent),
    ...refusals({ keyed: true, own: ['validation', 'unknown-field', 'too-many-streams'] }),
  },
});

/** The routes as they are documented: the client checks what answers by them. */
export const eventContracts = [board, approvals];

/** The board and the gates as streams. */
export function eventRoutes(deps: ApiDeps) {
  const stream = createEventStreams(deps);
  const app = new OpenAPIHono<ApiEnv>();
  // No JSON answer has these, so nothing else brings them into the document.
  app.openAPIRegistry.register('BoardEvent', boardEventSchema.clone());
  app.openAPIRegistry.register('ApprovalEvent', approvalEventSchema.clone());
  return app
    .openapi(board, async (context) => {
      const { ownerId } = context.get('caller');
      const { chain } = context.req.valid('param');
      if (!deps.chains.some(({ name }) => name === chain)) {
        throw new Problem('not-found', 'There is no such chain; see /api/v1/pipelines.');
      }
      const from = await positionOf(deps, context.req.header('last-event-id') ?? context.req.valid('query').after);
      return stream(context, from, (after, limit) => deps.events.board({ ownerId, chain, after, limit }));
    })
    .openapi(approvals, async (context) => {
      const { ownerId } = context.get('caller');
      const from = await positionOf(deps, context.req.header('last-event-id') ?? context.req.valid('query').after);
      return stream(context, from, (after, limit) => deps.events.approvals({ ownerId, after, limit }));
    });
}
