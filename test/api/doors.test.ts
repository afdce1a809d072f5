import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { scopes } from '../../contracts/api.ts';
import { problemSlugs, problemType } from '../../contracts/problems.ts';
import { createWorld, type TestCaller, type World } from './world.ts';

let world: World;
let owner: TestCaller;
beforeAll(async () => {
  world = await createWorld({
    streamMs: 20,
    // Nothing is asked of Temporal here: what is tested is the doors.
    change: (deps) => ({ ...deps, workflows: { ...deps.workflows, admit: () => Promise.resolve() } }),
  });
  owner = await world.caller();
});
afterAll(() => world.close());

const known = new Set(problemSlugs.map(problemType));

/** What is wrong with the answer to a request; null when nothing is. */
async function knock(method: string, path: string, init: RequestInit): Promise<string | null> {
  const request = new Request(`http://localhost:7780${path}`, { method, ...init });
  const response = await world.app.request(request);
  const text = await response.text();
  if (response.status < 400) return null;
  const told = response.headers.get('content-type') === 'application/problem+json' && known.has(JSON.parse(text).type);
  return told && response.status < 500 ? null : `${method} ${path} → ${response.status} ${text}`;
}

const anyText = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('\0', '\ud800', '__proto__', '💥', ' '),
);
const json = fc.json({ maxDepth: 3, stringUnit: 'binary' });
const almost = fc.record(
  {
    text: fc.oneof(anyText, fc.jsonValue()),
    source_id: fc.oneof(anyText, fc.jsonValue()),
    conversation: anyText,
    verdict: anyText,
    name: fc.oneof(anyText, fc.jsonValue()),
    scopes: fc.oneof(fc.jsonValue(), fc.array(fc.constantFrom(...scopes))),
    expires_at: fc.oneof(
      anyText,
      fc.date({ noInvalidDate: true }).map((date) => date.toISOString()),
    ),
    expires_in_days: fc.oneof(fc.integer(), fc.double(), fc.jsonValue()),
    old_valid_seconds: fc.oneof(fc.integer(), fc.jsonValue()),
  },
  { requiredKeys: [] },
);
const posts = fc.constantFrom(
  '/api/v1/messages',
  '/api/v1/keys',
  '/api/v1/keys/018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e10/rotate',
  '/api/v1/keys/018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e10/revoke',
  '/api/v1/approvals/018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e10/decide',
  '/api/v1/pipelines/items/018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e10/evidence',
);
const headers = () => ({ 'x-api-key': owner.key, 'content-type': 'application/json' });

describe('whatever comes', () => {
  it('as a body is answered, never with a failure', async () => {
    const bodies = fc.oneof(
      json,
      anyText,
      almost.map((value) => JSON.stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(posts, bodies, async (path, body) => {
        expect(await knock('POST', path, { headers: headers(), body })).toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  it('as a path or a query is answered, never with a failure', async () => {
    const segment = fc.oneof(
      fc.webSegment(),
      anyText.map(encodeURIComponentSafely),
      fc.constantFrom('..', '%', '%00', '%ff', 'items'),
    );
    const roots = fc.constantFrom(
      '/api/v1/messages',
      '/api/v1/pipelines',
      '/api/v1/pipelines/items',
      '/api/v1/approvals',
      '/api/v1/approvals/events',
      '/api/v1/pipelines/groceries/board/events',
      '/api/v1/keys',
      '/docs',
      '/problems',
      '',
    );
    const query = fc.webQueryParameters();
    const fields = fc.record(
      { after: anyText, limit: anyText, order: anyText, status: anyText, conversation: anyText },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(
        roots,
        fc.array(segment, { maxLength: 3 }),
        fc.oneof(query, fields.map(toQuery)),
        async (root, segments, search) => {
          expect(await knock('GET', `${root}/${segments.join('/')}?${search}`, { headers: headers() })).toBeNull();
        },
      ),
      { numRuns: 300 },
    );
  });

  it('as a header is answered, never with a failure', async () => {
    const value = fc.string({ unit: fc.integer({ min: 0x20, max: 0xff }).map((code) => String.fromCharCode(code)) });
    const given = fc.record(
      {
        'idempotency-key': value,
        'x-request-id': value,
        'last-event-id': value,
        'x-api-key': value,
        authorization: value,
        host: value,
        origin: value,
        'content-type': value,
        'content-length': value,
      },
      { requiredKeys: [] },
    );
    const body = JSON.stringify({ text: 'milk', source_id: 'a' });
    await fc.assert(
      fc.asyncProperty(posts, given, async (path, more) => {
        expect(await knock('POST', path, { headers: { ...headers(), ...more }, body })).toBeNull();
      }),
      { numRuns: 300 },
    );
  });
});

const encodeURIComponentSafely = (text: string): string => encodeURIComponent(text.toWellFormed());
const toQuery = (fields: Record<string, string>): string =>
  new URLSearchParams(
    Object.entries(fields).map(([name, value]): [string, string] => [name, value.toWellFormed()]),
  ).toString();
