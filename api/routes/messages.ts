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
import type { ApiEnv } from '../env.ts';
import { requireScope } from '../middleware/auth.ts';
import { once } from '../middleware/idempotency.ts';
import { answer, body, idempotencyHeader, refusals, security } from '../openapi.ts';
import type { ApiDeps } from '../ports.ts';
import { Problem } from '../problem.ts';
import { receive } from '../receive.ts';
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
  delivery: null,
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
  summary: 'What was said, in both directions',
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
        body: await receive(deps, {
          ownerId,
          channel,
          address: message.conversation,
          sourceId: message.source_id,
          text: message.text,
        }),
      }));
      return context.json(receipt.body, receipt.status);
    })
    .openapi(list, async (context) => {
      const { conversation, after, order, limit } = context.req.valid('query');
      const { ownerId } = context.get('caller');
      const wanted = { ownerId, conversationId: conversation ?? null, after, order, limit };
      const messages = await deps.messageLog.list(wanted);
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
