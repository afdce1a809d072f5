import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as wait } from 'node:timers/promises';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { z } from 'zod';

/** What the stand-in answers to one request. */
export type Answer =
  /** A tool use with this input, or with this raw text as the tool's input. */
  | { kind: 'tool'; input: unknown; name?: string; stopReason?: string; pings?: number }
  | { kind: 'raw-tool'; json: string }
  | { kind: 'text'; text: string }
  /** An error with this status in the service's form. */
  | { kind: 'error'; status: number; type: string; message: string; headers?: Record<string, string>; code?: string }
  /** A plain body that is not JSON, as a proxy in front of the service sends it. */
  | { kind: 'plain'; status: number; body: string; headers?: Record<string, string> }
  /** An `error` event after the stream has begun. */
  | { kind: 'error-event'; type: string; message: string }
  /** Takes the request and sends no byte. */
  | { kind: 'hang' }
  /** Begins the stream and then sends nothing more. */
  | { kind: 'stall' }
  /** Ends the stream after this much of the tool's input; `reset` breaks the connection instead. */
  | { kind: 'cut'; reset: boolean; json: string };

export interface RecordedRequest {
  readonly headers: IncomingMessage['headers'];
  readonly body: z.infer<typeof requestSchema>;
}

export interface FakeMessagesApi {
  /** To be used as ANTHROPIC_BASE_URL. */
  readonly url: string;
  readonly requests: readonly RecordedRequest[];
  /** What was wrong with requests that were not accepted. */
  readonly refusals: readonly string[];
  /** The next answers, in order; after the last one `otherwise` is given. */
  script(...answers: Answer[]): void;
  /** The answer when the script is empty. */
  otherwise(answer: Answer | ((request: RecordedRequest) => Answer)): void;
  close(): Promise<void>;
}

const cacheControl = z.strictObject({ type: z.literal('ephemeral'), ttl: z.enum(['5m', '1h']).optional() });
const textBlock = z.strictObject({
  type: z.literal('text'),
  text: z.string().regex(/\S/),
  cache_control: cacheControl.optional(),
});
const tool = z.strictObject({
  name: z.string().regex(/^[a-zA-Z0-9_-]{1,128}$/),
  description: z.string().min(1).optional(),
  input_schema: z.looseObject({ type: z.literal('object') }),
  cache_control: cacheControl.optional(),
});

/** The part of the Messages API's request that the house uses; anything else is refused. */
const requestSchema = z.strictObject({
  model: z.string().min(1),
  max_tokens: z.int().min(1),
  stream: z.literal(true),
  system: z.union([z.string().min(1), z.array(textBlock).min(1)]).optional(),
  tools: z.array(tool).min(1),
  tool_choice: z.strictObject({
    type: z.literal('tool'),
    name: z.string(),
    disable_parallel_tool_use: z.boolean().optional(),
  }),
  // A forced tool and thinking exclude each other, and the small model of 2026 thinks unless it is told not to.
  thinking: z.strictObject({ type: z.literal('disabled') }),
  messages: z
    .array(
      z.strictObject({
        role: z.enum(['user', 'assistant']),
        content: z.union([z.string().min(1), z.array(textBlock).min(1)]),
      }),
    )
    .min(1)
    .refine((messages) => messages[0]?.role === 'user'),
});

/** The version of the Messages API that this stand-in speaks; `@anthropic-ai/sdk` 1.x asks for it. */
const apiVersion = '2026-10-21';

const usage = { input_tokens: 420, cache_creation_input_tokens: 300, cache_read_input_tokens: 1200, output_tokens: 1 };

/** Reasons to refuse a request, as the service would; empty when it is in order. */
function wrongHeaders(request: IncomingMessage, key: string): { status: number; type: string; message: string } | null {
  const given = request.headers['x-api-key'] ?? request.headers.authorization?.replace(/^Bearer /, '');
  if (given !== key) return { status: 401, type: 'authentication_error', message: 'invalid x-api-key' };
  const bad = (message: string) => ({ status: 400, type: 'invalid_request_error', message });
  if (request.headers['anthropic-version'] !== apiVersion) return bad('anthropic-version: header is required');
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) return bad('content-type must be JSON');
  return null;
}

function checkedBody(text: string): { body: z.infer<typeof requestSchema> } | { refusal: string } {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return { refusal: 'The request body is not valid JSON.' };
  }
  const parsed = requestSchema.safeParse(json);
  if (!parsed.success) return { refusal: z.prettifyError(parsed.error) };
  const { tools, tool_choice } = parsed.data;
  if (!tools.some((each) => each.name === tool_choice.name)) return { refusal: `Tool '${tool_choice.name}' not found` };
  const ajv = new Ajv2020({ strict: false });
  const invalid = tools.find((each) => ajv.validateSchema(each.input_schema) !== true);
  if (invalid !== undefined) return { refusal: `tools.${invalid.name}.input_schema: JSON schema is invalid.` };
  return { body: parsed.data };
}

function sendError(response: ServerResponse, answer: Answer & { kind: 'error' }): void {
  const details = answer.code === undefined ? {} : { details: { error_code: answer.code } };
  const error = { type: answer.type, message: answer.message, ...details };
  response.writeHead(answer.status, {
    'content-type': 'application/json',
    'request-id': 'req_fake',
    ...answer.headers,
  });
  response.end(JSON.stringify({ type: 'error', error, request_id: 'req_fake' }));
}

function event(response: ServerResponse, type: string, data: object): void {
  response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
}

function begin(response: ServerResponse, model: string, block: object): void {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'request-id': 'req_fake' });
  const message = {
    id: 'msg_fake',
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage,
  };
  event(response, 'message_start', { message });
  event(response, 'content_block_start', { index: 0, content_block: block });
  event(response, 'ping', {});
}

const toolBlock = (name: string) => ({ type: 'tool_use', id: 'toolu_fake', name, input: {} });

function finish(response: ServerResponse, stopReason: string): void {
  event(response, 'content_block_stop', { index: 0 });
  event(response, 'message_delta', {
    delta: { stop_reason: stopReason, stop_sequence: null },
    usage: { output_tokens: 77 },
  });
  event(response, 'message_stop', {});
  response.end();
}

function sendJson(response: ServerResponse, json: string): void {
  for (let at = 0; at < json.length; at += 40) {
    const delta = { type: 'input_json_delta', partial_json: json.slice(at, at + 40) };
    event(response, 'content_block_delta', { index: 0, delta });
  }
}

async function send(response: ServerResponse, answer: Answer, { body }: RecordedRequest): Promise<void> {
  if (answer.kind === 'hang') return;
  if (answer.kind === 'error') return sendError(response, answer);
  if (answer.kind === 'plain') {
    response.writeHead(answer.status, { 'content-type': 'text/html', ...answer.headers }).end(answer.body);
    return;
  }
  if (answer.kind === 'text') {
    begin(response, body.model, { type: 'text', text: '' });
    event(response, 'content_block_delta', { index: 0, delta: { type: 'text_delta', text: answer.text } });
    return finish(response, 'end_turn');
  }
  begin(
    response,
    body.model,
    toolBlock('name' in answer ? (answer.name ?? body.tool_choice.name) : body.tool_choice.name),
  );
  if (answer.kind === 'error-event') {
    event(response, 'error', { error: { type: answer.type, message: answer.message } });
    response.end();
  } else if (answer.kind === 'cut') {
    sendJson(response, answer.json);
    if (!answer.reset) response.end();
    else response.write(': bye\n\n', () => response.destroy());
  } else if (answer.kind !== 'stall') {
    for (let sent = 0; answer.kind === 'tool' && sent < (answer.pings ?? 0); sent += 1) {
      event(response, 'ping', {});
      await wait(5);
    }
    sendJson(response, answer.kind === 'raw-tool' ? answer.json : JSON.stringify(answer.input));
    finish(response, answer.kind === 'tool' ? (answer.stopReason ?? 'tool_use') : 'tool_use');
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of request) chunks.push(chunk instanceof Uint8Array ? chunk : Buffer.from(String(chunk)));
  return Buffer.concat(chunks).toString('utf8');
}

/**
 * A stand-in for the Messages API on a port of its own. It accepts `key` alone and only requests of the form that the
 * house sends, says what is wrong with others as the service would, and gives the scripted answers.
 */
export async function startFakeMessagesApi(key: string): Promise<FakeMessagesApi> {
  const requests: RecordedRequest[] = [];
  const refusals: string[] = [];
  const queue: Answer[] = [];
  let fallback: Answer | ((request: RecordedRequest) => Answer) = { kind: 'hang' };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const text = await textOf(request);
    const refuse = (status: number, type: string, message: string) => {
      refusals.push(message);
      sendError(response, { kind: 'error', status, type, message });
    };
    if (request.method !== 'POST' || request.url !== '/v1/messages') return refuse(404, 'not_found_error', 'Not Found');
    const wrong = wrongHeaders(request, key);
    if (wrong !== null) return refuse(wrong.status, wrong.type, wrong.message);
    const checked = checkedBody(text);
    if ('refusal' in checked) return refuse(400, 'invalid_request_error', checked.refusal);
    const recorded = { headers: request.headers, body: checked.body };
    requests.push(recorded);
    const answer = queue.shift() ?? (typeof fallback === 'function' ? fallback(recorded) : fallback);
    await send(response, answer, recorded);
  };
  const server = createServer((request, response) => {
    handle(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The stand-in has no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    refusals,
    script: (...answers) => {
      queue.push(...answers);
    },
    otherwise: (answer) => {
      fallback = answer;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
