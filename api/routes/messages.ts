import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import {
  type ApiMessage,
  idParams,
  messageDetailSchema,
  messageReceiptSchema,
  messagesQuery,
  messagesSchema,
  postMessageSchema,
} from '../../contracts/api.ts';
import { TemporalUnavailable, UpdateTimedOut } from '../../contracts/gateway.ts';
import type { ApiEnv } from '../env.ts';
import { requireScope } from '../middleware/auth.ts';
import { once } from '../middleware/idempotency.ts';
import { answer, body, idempotencyHeader, refusals, security } from '../openapi.ts';
import type { ApiDeps } from '../ports.ts';
import { Problem } from '../problem.ts';
import { exampleItem } from './pipelines-examples.ts';

/** The chat and the source of everything that comes through this door. */
const channel = 'api';

const exampleMessage: ApiMessage = {
  id: '018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e10',
  seq: 41,
  conversation_id: '018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e00',
  direction: 'inbound',
  kind: 'text',
  status: 'answered',
  text: "we're out of milk and eggs",
  persona: null,
  in_reply_to: null,
  approval_id: null,
  source_id: 'phone-17',
  created_at: '2026-11-21T12:00:00.000Z',
};
const exampleAnswer: ApiMessage = {
  ...exampleMessage,
  id: '018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e11',
  seq: 42,
  direction: 'outbound',
  kind: 'answer',
  status: 'sent',
  text: 'Noted: milk, eggs.',
  persona: 'Basil',
  in_reply_to: exampleMessage.id,
  source_id: 'answer',
};

const post = createRoute({
  method: 'post',
  path: '/messages',
  tags: ['messages'],
  summary: 'Tell the house something',
  security,
  middleware: requireScope('messages:write'),
  parameters: [idempotencyHeader],
  request: { body: body(postMessageSchema, { text: "we're out of milk and eggs", source_id: 'phone-17' }) },
  responses: {
    202: answer(messageReceiptSchema, 'It is recorded and will not be lost.', {
      message_id: exampleMessage.id,
      conversation_id: exampleMessage.conversation_id,
      status: 'accepted',
      duplicate: false,
    }),
    ...refusals({ keyed: true, bodied: true, own: ['message-empty', 'message-too-long', 'model-unavailable'] }),
  },
});

const list = createRoute({
  method: 'get',
  path: '/messages',
  tags: ['messages'],
  summary: 'What was said, in both directions, oldest first',
  security,
  middleware: requireScope('messages:read'),
  request: { query: messagesQuery },
  responses: {
    200: answer(messagesSchema, 'A page; read on with `after`.', {
      messages: [exampleMessage, exampleAnswer],
      next: 42,
    }),
    ...refusals({ keyed: true, own: ['validation', 'unknown-field'] }),
  },
});

const get = createRoute({
  method: 'get',
  path: '/messages/{id}',
  tags: ['messages'],
  summary: 'A message, what answered it and what it began',
  security,
  middleware: requireScope('messages:read'),
  request: { params: idParams },
  responses: {
    200: answer(messageDetailSchema, 'The message.', {
      message: exampleMessage,
      answers: [exampleAnswer],
      items: [exampleItem],
    }),
    ...refusals({ keyed: true, own: ['validation', 'not-found'] }),
  },
});

/** The routes as they are documented: the client checks what answers by them. */
export const messageContracts = [post, list, get];

const postAnswer = z.object({ status: z.literal(202), body: messageReceiptSchema });

/** Messages in, what the house says out. */
export function messageRoutes(deps: ApiDeps) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(post, async (context) => {
      const message = context.req.valid('json');
      const { ownerId } = context.get('caller');
      const receipt = await once(context, deps, { body: message, answer: postAnswer }, async () => ({
        status: 202 as const,
        body: await receive(deps, ownerId, message),
      }));
      return context.json(receipt.body, receipt.status);
    })
    .openapi(list, async (context) => {
      const { conversation, after, limit } = context.req.valid('query');
      const { ownerId } = context.get('caller');
      const messages = await deps.messageLog.list({ ownerId, conversationId: conversation ?? null, after, limit });
      return context.json({ messages, next: messages.at(-1)?.seq ?? after }, 200);
    })
    .openapi(get, async (context) => {
      const { ownerId } = context.get('caller');
      const found = await deps.messageLog.get(ownerId, context.req.valid('param').id);
      if (found === null) throw new Problem('not-found', 'There is no such message.');
      const items = await deps.board.itemsOfMessage(ownerId, found.message.id);
      return context.json({ ...found, items }, 200);
    });
}

async function receive(
  deps: ApiDeps,
  ownerId: string,
  message: { text: string; source_id: string; conversation: string },
) {
  const blockedMs = await deps.model.blockedForMs();
  if (blockedMs > 0) {
    throw new Problem('model-unavailable', 'Nothing new was stored; send it again later.', {
      retry_after: Math.ceil(blockedMs / 1000),
    });
  }
  const recorded = await deps.messages.insertInbound({
    ownerId,
    butler: deps.butler,
    channel,
    address: message.conversation,
    source: channel,
    sourceId: message.source_id,
    body: message.text,
  });
  if (recorded.conflict) {
    throw new Problem(
      'idempotency-conflict',
      'This source_id came before with other words or in another conversation.',
    );
  }
  const { messageId, conversationId, duplicate } = recorded;
  const status = await admit(deps, { messageId, conversationId, ownerId });
  return { message_id: messageId, conversation_id: conversationId, status, duplicate };
}

/** A message that is written down is not lost when its workflow cannot be reached: it is admitted later. */
async function admit(deps: ApiDeps, message: { messageId: string; conversationId: string; ownerId: string }) {
  try {
    await deps.workflows.admit(message);
    return 'accepted' as const;
  } catch (error) {
    if (!(error instanceof TemporalUnavailable || error instanceof UpdateTimedOut)) throw error;
    deps.log.warn({ error, messageId: message.messageId }, 'A message is recorded and not yet admitted');
    deps.later('a message', () => deps.workflows.admit(message));
    return 'recorded' as const;
  }
}
