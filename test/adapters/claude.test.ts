import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createClaudeReader, type ClaudeOptions, type ClaudeReader } from '../../adapters/claude/index.ts';
import type { ClaudeSettings } from '../../adapters/claude/settings.ts';
import { ModelError, type ModelState } from '../../contracts/reader.ts';
import { type Answer, type FakeMessagesApi, startFakeMessagesApi } from '../support/fake-messages-api.ts';

const key = 'house-key-4f9d1c77';
const body = 'We need 2 l milk';
const span = { start: 8, end: 16, text: '2 l milk' };
const nothing = { needs: [], removals: [], amounts: [], buyNow: false, notUnderstood: [] };
const input = { ...nothing, needs: [{ name: 'milk', quantity: '2', unit: 'l', span }] };
const half = '{"needs":[{"name":"milk","quan';
const overloaded: Answer = { kind: 'error', status: 529, type: 'overloaded_error', message: 'Overloaded' };

let api: FakeMessagesApi;
const readers: ClaudeReader[] = [];

function readerAt(
  baseUrl: string,
  options: ClaudeOptions = {},
  credential: ClaudeSettings['credential'] = { apiKey: key },
) {
  const models = { opus: 'claude-big', sonnet: 'claude-middle', haiku: 'claude-small' };
  const settings = {
    kind: 'claude',
    credential,
    baseUrl,
    models,
    model: models.sonnet,
    extractionModel: models.haiku,
  } as const;
  const reader = createClaudeReader(settings, options);
  readers.push(reader);
  return reader;
}

function read(reader: ClaudeReader, signal = new AbortController().signal, onProgress: () => void = () => undefined) {
  return reader.read(
    { body, openQuestions: [{ name: 'eggs' }], system: 'You keep the house.' },
    { signal, onProgress },
  );
}

async function failure(reading: Promise<unknown>): Promise<ModelError> {
  const error: unknown = await reading.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ModelError)) throw new Error('No ModelError was thrown.', { cause: error });
  return error;
}

beforeEach(async () => {
  api = await startFakeMessagesApi(key);
});

afterEach(async () => {
  await Promise.all(readers.splice(0).map((reader) => reader.close()));
  await api.close();
});

describe('a reading', () => {
  it('forces the tool, caches the stable prefix and records the tokens', async () => {
    api.script({ kind: 'tool', input });
    const progress = vi.fn<() => void>();
    const reading = await read(readerAt(api.url), undefined, progress);
    expect(reading.extraction).toEqual(input);
    expect(reading.usage).toEqual({ inputTokens: 420, outputTokens: 77, cacheReadTokens: 1200, cacheWriteTokens: 300 });
    expect(reading.model).toBe('claude-small');
    expect(JSON.parse(reading.raw)).toEqual(input);
    expect(progress).toHaveBeenCalled();
    const request = api.requests[0]?.body;
    expect(request?.tool_choice).toMatchObject({ type: 'tool', name: request?.tools[0]?.name });
    expect(request?.tools.at(-1)?.cache_control).toEqual({ type: 'ephemeral' });
    expect(request?.system).toEqual([expect.objectContaining({ cache_control: { type: 'ephemeral' } })]);
    expect(JSON.stringify(request?.system)).toContain('You keep the house.');
    expect(JSON.stringify(request?.messages)).not.toContain('cache_control');
    expect(JSON.stringify(request?.messages)).toContain('eggs');
    expect(api.refusals).toEqual([]);
  });

  it('sends the same prefix for every message, so that the cache is hit', async () => {
    api.otherwise({ kind: 'tool', input: nothing });
    const reader = readerAt(api.url);
    const options = { signal: new AbortController().signal, onProgress: () => undefined };
    await reader.read({ body: 'milk', openQuestions: [], system: 'Same.' }, options);
    await reader.read({ body: 'eggs', openQuestions: [{ name: 'milk' }], system: 'Same.' }, options);
    const prefixes = api.requests.map((each) => JSON.stringify([each.body.tools, each.body.system]));
    expect(prefixes[0]).toBe(prefixes[1]);
  });

  it('repairs offsets that the model miscounted', async () => {
    const wrong = { ...input, needs: [{ ...input.needs[0], span: { ...span, start: 3, end: 11 } }] };
    api.script({ kind: 'tool', input: wrong });
    expect((await read(readerAt(api.url))).extraction).toEqual(input);
  });

  it('reports progress for pings too', async () => {
    api.script({ kind: 'tool', input, pings: 6 });
    const progress = vi.fn<() => void>();
    await read(readerAt(api.url), undefined, progress);
    expect(progress.mock.calls.length).toBeGreaterThanOrEqual(5);
  });

  it('logs in with an auth token', async () => {
    api.script({ kind: 'tool', input });
    await read(readerAt(api.url, {}, { authToken: key }));
    expect(api.requests[0]?.headers.authorization).toBe(`Bearer ${key}`);
  });
});

describe('errors of the service', () => {
  it.each([
    [400, 'invalid_request_error', 'refused'],
    [401, 'authentication_error', 'refused'],
    [403, 'permission_error', 'refused'],
    [404, 'not_found_error', 'refused'],
    [422, 'invalid_request_error', 'refused'],
    [402, 'billing_error', 'spend_limit'],
  ])('%i is not retryable', async (status, type, kind) => {
    api.script({ kind: 'error', status, type, message: 'No.', headers: { 'retry-after': '9' } });
    expect(await failure(read(readerAt(api.url)))).toMatchObject({
      status,
      kind,
      retryable: false,
      retryAfterMs: null,
    });
    expect(api.requests).toHaveLength(1);
  });

  it.each([
    ['seconds', { 'retry-after': '7' }, 7_000, 7_000],
    ['milliseconds before seconds', { 'retry-after-ms': '250', 'retry-after': '7' }, 250, 250],
    ['a date', { 'retry-after': new Date(Date.now() + 3_600_000).toUTCString() }, 3_500_000, 3_600_000],
    ['a date in the past', { 'retry-after': new Date(0).toUTCString() }, 0, 0],
    ['an absurd time, cut to a day', { 'retry-after': '99999999' }, 86_400_000, 86_400_000],
  ])('429 keeps retry-after: %s', async (_name, headers, least, most) => {
    api.script({ kind: 'error', status: 429, type: 'rate_limit_error', message: 'Slow down.', headers });
    const error = await failure(read(readerAt(api.url)));
    expect(error).toMatchObject({ status: 429, kind: 'rate_limited', retryable: true });
    expect(error.retryAfterMs).toBeGreaterThanOrEqual(least);
    expect(error.retryAfterMs).toBeLessThanOrEqual(most);
    expect(api.requests).toHaveLength(1);
  });

  it.each([undefined, 'soon'])('429 without a usable retry-after (%s) asks for no time', async (value) => {
    const headers = value === undefined ? {} : { 'retry-after': value };
    api.script({ kind: 'error', status: 429, type: 'rate_limit_error', message: 'Slow down.', headers });
    expect((await failure(read(readerAt(api.url)))).retryAfterMs).toBeNull();
  });

  it('a 429 that is a spend limit is not retryable', async () => {
    const code = 'contract_spend_limit_reached';
    api.script({
      kind: 'error',
      status: 429,
      type: 'rate_limit_error',
      message: 'Spent.',
      code,
      headers: { 'retry-after': '9' },
    });
    expect(await failure(read(readerAt(api.url)))).toMatchObject({
      kind: 'spend_limit',
      retryable: false,
      retryAfterMs: null,
    });
  });

  it.each([
    [500, 'api_error'],
    [529, 'overloaded_error'],
  ])('%i is retryable, once per call', async (status, type) => {
    api.script({ kind: 'error', status, type, message: 'Later.', headers: { 'retry-after': '2' } });
    const error = await failure(read(readerAt(api.url)));
    expect(error).toMatchObject({ status, kind: 'overloaded', retryable: true, retryAfterMs: 2_000 });
    expect(api.requests).toHaveLength(1);
  });

  it('a proxy that answers with a page is an error like any other', async () => {
    api.script({ kind: 'plain', status: 502, body: `<html>${'x'.repeat(5_000)}</html>` });
    const error = await failure(read(readerAt(api.url)));
    expect(error).toMatchObject({ status: 502, kind: 'overloaded', retryable: true });
    expect(error.message.length).toBeLessThan(400);
  });

  it('follows no redirect', async () => {
    api.script(
      { kind: 'plain', status: 307, body: '', headers: { location: `${api.url}/v1/messages` } },
      { kind: 'tool', input },
    );
    expect(await failure(read(readerAt(api.url)))).toMatchObject({ status: 307, retryable: false });
    expect(api.requests).toHaveLength(1);
  });

  it('an error event in the stream has the meaning of its status', async () => {
    api.script({ kind: 'error-event', type: 'overloaded_error', message: 'Overloaded' });
    const error = await failure(read(readerAt(api.url)));
    expect(error).toMatchObject({ status: 529, kind: 'overloaded', retryable: true });
    expect(error.usage?.inputTokens).toBe(420);
  });
});

describe('answers that are no use', () => {
  it.each<[string, Answer]>([
    ['ends in the middle', { kind: 'cut', reset: false, json: half }],
    ['breaks in the middle', { kind: 'cut', reset: true, json: half }],
    ['ends after all was said, without its end', { kind: 'cut', reset: false, json: JSON.stringify(input) }],
    ['is not JSON', { kind: 'raw-tool', json: '{"needs": [' }],
    ['does not fit the schema', { kind: 'tool', input: { ...input, needs: [{ name: 'milk' }] } }],
    ['has unknown fields', { kind: 'tool', input: { ...input, order: 'everything' } }],
    [
      'has a quantity that is none',
      { kind: 'tool', input: { ...input, needs: [{ ...input.needs[0], quantity: '0' }] } },
    ],
    [
      'has a name that cannot be stored',
      { kind: 'tool', input: { ...input, needs: [{ ...input.needs[0], name: 'mi\0lk' }] } },
    ],
    ['has half a character', { kind: 'raw-tool', json: JSON.stringify(input).replace('"name":"', '"name":"\\ud83e') }],
    ['uses another tool', { kind: 'tool', input, name: 'buy_everything' }],
    ['uses no tool', { kind: 'text', text: 'Sure!' }],
    ['is longer than it may be', { kind: 'tool', input, stopReason: 'max_tokens' }],
  ])('%s', async (_name, answer) => {
    api.script(answer);
    const error = await failure(read(readerAt(api.url)));
    expect(error).toMatchObject({ kind: 'malformed', retryable: true, status: null });
    expect(error.usage).toMatchObject({ inputTokens: 420, cacheReadTokens: 1200 });
  });
});

it('a declined message is not sent again', async () => {
  api.script({ kind: 'tool', input: nothing, stopReason: 'refusal' });
  expect(await failure(read(readerAt(api.url)))).toMatchObject({ kind: 'refused', retryable: false, status: null });
});

describe('time', () => {
  let deaf: Server;
  let port = 0;

  beforeEach(async () => {
    deaf = createServer().on('connection', (socket) => socket.on('error', () => undefined));
    await new Promise<void>((resolve) => {
      deaf.listen(0, '127.0.0.1', resolve);
    });
    const address = deaf.address();
    port = address === null || typeof address === 'string' ? 0 : address.port;
  });
  afterEach(() => deaf.close());

  it('gives up connecting after its own, short time', async () => {
    const reader = readerAt(`https://127.0.0.1:${port}`, { connectTimeoutMs: 50, requestTimeoutMs: 20_000 });
    const started = performance.now();
    expect(await failure(read(reader))).toMatchObject({ kind: 'timeout', retryable: true, status: null });
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  it.each<Answer>([{ kind: 'hang' }, { kind: 'stall' }])(
    'gives up on an answer that does not end ($kind)',
    async (answer) => {
      api.script(answer);
      const reader = readerAt(api.url, { requestTimeoutMs: 200 });
      expect(await failure(read(reader))).toMatchObject({ kind: 'timeout', retryable: true });
    },
  );

  it('says when nobody listens', async () => {
    await api.close();
    const error = await failure(read(readerAt(api.url)));
    expect(error).toMatchObject({ kind: 'unreachable', retryable: true, status: null });
    expect(error.message).toContain('ECONNREFUSED');
    api = await startFakeMessagesApi(key);
  });

  it.each<Answer>([{ kind: 'hang' }, { kind: 'stall' }])('stops when the caller does ($kind)', async (answer) => {
    api.script(answer);
    const controller = new AbortController();
    const reader = readerAt(api.url);
    const reading = failure(read(reader, controller.signal));
    await expect.poll(() => api.requests.length).toBe(1);
    controller.abort();
    expect(await reading).toMatchObject({ kind: 'cancelled', retryable: false });
    expect(reader.state().state).toBe('closed');
  });
});

describe('the breaker', () => {
  const states: ModelState[] = [];
  const options = { failures: 5, halfOpenAfterMs: 150, onStateChange: (state: ModelState) => states.push(state) };

  beforeEach(() => {
    states.length = 0;
  });

  async function open(reader: ClaudeReader): Promise<void> {
    api.otherwise(overloaded);
    for (let sent = 0; sent < 5; sent += 1) await failure(read(reader));
  }

  it('opens after five failures and then sends nothing', async () => {
    const reader = readerAt(api.url, { ...options, halfOpenAfterMs: 60_000 });
    api.otherwise(overloaded);
    for (let sent = 0; sent < 4; sent += 1) await failure(read(reader));
    expect(reader.state()).toEqual({ state: 'closed', retryAfterMs: 0 });
    await failure(read(reader));
    expect(states).toEqual([{ state: 'open', retryAfterMs: expect.any(Number) }]);
    const error = await failure(read(reader));
    expect(error).toMatchObject({ kind: 'unavailable', retryable: true, status: null });
    expect(error.retryAfterMs).toBeGreaterThan(55_000);
    expect(error.retryAfterMs).toBeLessThanOrEqual(60_000);
    expect(api.requests).toHaveLength(5);
  });

  it('closes after a trial that succeeds', async () => {
    const reader = readerAt(api.url, options);
    await open(reader);
    await expect.poll(() => reader.state().state).toBe('half-open');
    api.otherwise({ kind: 'tool', input });
    await read(reader);
    expect(states.map((each) => each.state)).toEqual(['open', 'half-open', 'closed']);
  });

  it('opens again after a trial that fails, and lets one trial through at a time', async () => {
    const reader = readerAt(api.url, options);
    await open(reader);
    await expect.poll(() => reader.state().state).toBe('half-open');
    const [trial, other] = await Promise.all([failure(read(reader)), failure(read(reader))]);
    expect([trial.kind, other.kind]).toEqual(['overloaded', 'unavailable']);
    expect(reader.state().state).toBe('open');
    expect(api.requests).toHaveLength(6);
  });

  it('is not closed by a trial that the caller stopped', async () => {
    const reader = readerAt(api.url, options);
    await open(reader);
    await expect.poll(() => reader.state().state).toBe('half-open');
    api.otherwise({ kind: 'hang' });
    const controller = new AbortController();
    const trial = failure(read(reader, controller.signal));
    await expect.poll(() => api.requests.length).toBe(6);
    controller.abort();
    await trial;
    expect(reader.state().state).toBe('open');
  });

  it.each<Answer>([
    { kind: 'error', status: 400, type: 'invalid_request_error', message: 'No.' },
    { kind: 'error', status: 429, type: 'rate_limit_error', message: 'Slow down.' },
    { kind: 'cut', reset: false, json: half },
  ])('does not count what is not an outage', async (answer) => {
    const reader = readerAt(api.url, options);
    api.otherwise(answer);
    for (let sent = 0; sent < 6; sent += 1) await failure(read(reader));
    expect(reader.state().state).toBe('closed');
  });
});

describe('secrets', () => {
  it('stand in no error and no log, whatever the service echoes', async () => {
    const written: string[] = [];
    const spies = (['log', 'info', 'warn', 'error', 'debug'] as const).map((name) =>
      vi.spyOn(console, name).mockImplementation((...all: unknown[]) => written.push(all.map(String).join(' '))),
    );
    const message = `Bearer ${key} and ${key} and sk-ant-other-123456 ${'y'.repeat(3_000)}`;
    api.script(
      { kind: 'error', status: 401, type: 'authentication_error', message },
      { kind: 'error', status: 500, type: key, message },
      { kind: 'plain', status: 503, body: message },
      { kind: 'raw-tool', json: `{"${key}"` },
    );
    const reader = readerAt(api.url);
    for (let sent = 0; sent < 4; sent += 1) {
      const error = await failure(read(reader));
      const shown = `${error.stack}${JSON.stringify(error)}${String(error.cause)}`;
      expect(shown).not.toMatch(/sk-ant|4f9d1c77/);
      expect(shown).not.toContain('2 l milk');
      expect(error.message.length).toBeLessThan(400);
    }
    expect(written).toEqual([]);
    for (const spy of spies) spy.mockRestore();
  });
});
