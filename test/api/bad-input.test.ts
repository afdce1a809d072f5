import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomUUID } from 'node:crypto';
import { type CallOptions, createWorld, type TestCaller, type World } from './world.ts';

let world: World;
let owner: TestCaller;
let reader: TestCaller;
let expired: TestCaller;

beforeAll(async () => {
  world = await createWorld();
  owner = await world.caller();
  reader = await world.caller({ scopes: ['messages:read'] });
  expired = await world.caller({ expired: true });
});
afterAll(() => world.close());

const id = randomUUID();
const good = { text: 'milk', source_id: 'a' };
type Case = [what: string, slug: string, status: number, method: string, path: string, options: () => CallOptions];

const cases: Case[] = [
  ['no JSON', 'malformed-json', 400, 'POST', '/api/v1/messages', () => ({ as: owner, body: '{"text":' })],
  ['an empty body', 'malformed-json', 400, 'POST', '/api/v1/messages', () => ({ as: owner, body: '' })],
  ['an array', 'validation', 400, 'POST', '/api/v1/messages', () => ({ as: owner, body: [] })],
  [
    'wrong types',
    'validation',
    400,
    'POST',
    '/api/v1/messages',
    () => ({ as: owner, body: { text: 1, source_id: {} } }),
  ],
  ['no body', 'validation', 400, 'POST', '/api/v1/messages', () => ({ as: owner })],
  [
    'an unknown field',
    'unknown-field',
    400,
    'POST',
    '/api/v1/messages',
    () => ({ as: owner, body: { ...good, admin: true } }),
  ],
  [
    'an empty message',
    'message-empty',
    400,
    'POST',
    '/api/v1/messages',
    () => ({ as: owner, body: { ...good, text: ' \n' } }),
  ],
  [
    'a long message',
    'message-too-long',
    400,
    'POST',
    '/api/v1/messages',
    () => ({ as: owner, body: { ...good, text: 'x'.repeat(100_000) } }),
  ],
  [
    'NUL in a message',
    'validation',
    400,
    'POST',
    '/api/v1/messages',
    () => ({ as: owner, body: { ...good, text: 'a\0b' } }),
  ],
  [
    'half a character',
    'validation',
    400,
    'POST',
    '/api/v1/messages',
    () => ({ as: owner, body: '{"text":"a\\ud800","source_id":"a"}' }),
  ],
  [
    'a body of 2 MB',
    'body-too-large',
    413,
    'POST',
    '/api/v1/messages',
    () => ({ as: owner, body: { ...good, text: 'x'.repeat(2_000_000) } }),
  ],
  [
    'a form',
    'unsupported-media-type',
    415,
    'POST',
    '/api/v1/messages',
    () => ({ as: owner, body: 'text=milk', headers: { 'content-type': 'application/x-www-form-urlencoded' } }),
  ],
  [
    'an unusable idempotency key',
    'validation',
    400,
    'POST',
    '/api/v1/messages',
    () => ({ as: owner, body: good, headers: { 'idempotency-key': 'x'.repeat(201) } }),
  ],
  ['no key', 'unauthenticated', 401, 'GET', '/api/v1/messages', () => ({})],
  [
    'a wrong key',
    'unauthenticated',
    401,
    'GET',
    '/api/v1/messages',
    () => ({ headers: { 'x-api-key': `mj_${'A'.repeat(43)}` } }),
  ],
  [
    'a key of no shape',
    'unauthenticated',
    401,
    'GET',
    '/api/v1/messages',
    () => ({ headers: { authorization: "Bearer ' OR 1=1" } }),
  ],
  ['an expired key', 'key-expired', 401, 'GET', '/api/v1/messages', () => ({ as: expired })],
  ['a key without the scope', 'missing-scope', 403, 'POST', '/api/v1/messages', () => ({ as: reader, body: good })],
  [
    'a foreign host',
    'foreign-host',
    403,
    'GET',
    '/api/v1/messages',
    () => ({ as: owner, headers: { host: 'evil.example' } }),
  ],
  [
    'a foreign host on health',
    'foreign-host',
    403,
    'GET',
    '/health',
    () => ({ headers: { host: 'evil.example:7780' } }),
  ],
  [
    'a foreign origin',
    'foreign-origin',
    403,
    'POST',
    '/api/v1/messages',
    () => ({ as: owner, body: good, headers: { origin: 'https://evil.example' } }),
  ],
  [
    'an opaque origin',
    'foreign-origin',
    403,
    'POST',
    '/api/v1/messages',
    () => ({ as: owner, body: good, headers: { origin: 'null' } }),
  ],
  ['no route', 'not-found', 404, 'GET', '/api/v1/nothing', () => ({ as: owner })],
  ['an unknown query field', 'unknown-field', 400, 'GET', '/api/v1/messages?limits=1', () => ({ as: owner })],
  ['a limit out of range', 'validation', 400, 'GET', '/api/v1/messages?limit=5000', () => ({ as: owner })],
  ['a limit twice', 'validation', 400, 'GET', '/api/v1/messages?limit=1&limit=2', () => ({ as: owner })],
  ['a cursor that is none', 'validation', 400, 'GET', '/api/v1/approvals?after=abc', () => ({ as: owner })],
  ['an id that is none', 'validation', 400, 'GET', '/api/v1/messages/1', () => ({ as: owner })],
  ['an unknown message', 'not-found', 404, 'GET', `/api/v1/messages/${id}`, () => ({ as: owner })],
  ['an unknown chain', 'not-found', 404, 'GET', '/api/v1/pipelines/laundry/board', () => ({ as: owner })],
  ['an unknown item', 'not-found', 404, 'GET', `/api/v1/pipelines/items/${id}`, () => ({ as: owner })],
  ['an unknown timeline', 'not-found', 404, 'GET', `/api/v1/pipelines/items/${id}/timeline`, () => ({ as: owner })],
  [
    'evidence on nothing',
    'not-found',
    404,
    'POST',
    `/api/v1/pipelines/items/${id}/evidence`,
    () => ({ as: owner, body: { stage: 'bought', verdict: 'not_bought' } }),
  ],
  [
    'evidence without an amount',
    'validation',
    400,
    'POST',
    `/api/v1/pipelines/items/${id}/evidence`,
    () => ({ as: owner, body: { stage: 'bought', verdict: 'bought' } }),
  ],
  [
    'an amount as a number',
    'validation',
    400,
    'POST',
    `/api/v1/pipelines/items/${id}/evidence`,
    () => ({ as: owner, body: { stage: 'bought', verdict: 'bought', amount: 12.4 } }),
  ],
  ['an unknown approval', 'not-found', 404, 'GET', `/api/v1/approvals/${id}`, () => ({ as: owner })],
  [
    'a decision on nothing',
    'not-found',
    404,
    'POST',
    `/api/v1/approvals/${id}/decide`,
    () => ({ as: owner, body: { verdict: 'approve' } }),
  ],
  [
    'an unknown verdict',
    'validation',
    400,
    'POST',
    `/api/v1/approvals/${id}/decide`,
    () => ({ as: owner, body: { verdict: 'maybe' } }),
  ],
];

describe('bad input', () => {
  it.each(cases)('%s → %s (%i)', async (_what, slug, status, method, path, options) => {
    const { status: got, json, headers, text } = await world.call(method, path, options());
    expect(json).toMatchObject({ type: `/problems/${slug}`, status });
    expect(got).toBe(status);
    expect(headers.get('content-type')).toBe('application/problem+json');
    expect(json.request_id).toBe(headers.get('x-request-id'));
    expect(text).not.toMatch(/\bat .*\.ts|node_modules|mj_/);
  });

  it('names everything that is wrong at once', async () => {
    const { json } = await world.call('POST', '/api/v1/messages', {
      as: owner,
      body: { text: '', source_id: 7, 'a/b~c': 1 },
    });
    expect(json.type).toBe('/problems/validation');
    expect(json.errors.map((error: { pointer: string }) => error.pointer).sort()).toEqual([
      '/a~1b~0c',
      '/source_id',
      '/text',
    ]);
  });

  it('names the scope that is missing', async () => {
    const { json } = await world.call('POST', '/api/v1/messages', { as: reader, body: good });
    expect(json.scope).toBe('messages:write');
  });

  it('writes nothing for any of them', async () => {
    const { rows } = await world.core.query('SELECT FROM core.messages');
    expect(rows).toEqual([]);
  });
});
