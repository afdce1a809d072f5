import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DatabaseUnavailable } from '../../adapters/postgres.ts';
import { createLimitStore } from '../../adapters/store/limits.ts';
import { createWorld, type TestCaller, type World } from './world.ts';

const limits = { queries: 2, requests: 4 };
let world: World;
let caller: TestCaller;

beforeAll(async () => {
  world = await createWorld({
    limits,
    change: (deps) => ({ ...deps, workflows: { ...deps.workflows, admit: () => Promise.resolve() } }),
  });
});
afterAll(() => world.close());
beforeEach(async () => {
  caller = await world.caller();
});

const read = (path = '/messages', as = caller) => world.call('GET', `/api/v1${path}`, { as });
const ask = (as = caller) =>
  world.call('POST', '/api/v1/messages', { as, body: { text: 'milk', source_id: randomUUID() } });
const left = ({ headers }: { headers: Headers }) =>
  ['limit', 'remaining'].map((name) => Number(headers.get(`x-ratelimit-${name}`)));

describe('the limits of a key', () => {
  it('are told in every answer, counted down, and refuse what is over them', async () => {
    for (const remaining of [1, 0]) expect(left(await ask())).toEqual([2, remaining]);
    const refused = await ask();
    expect([refused.status, refused.json.type]).toEqual([429, '/problems/rate-limited']);
    expect(left(refused)).toEqual([2, 0]);
    const { retry_after: seconds } = refused.json;
    expect(refused.headers.get('retry-after')).toBe(String(seconds));
    expect(seconds).toBeGreaterThan(50);
    const reset = Number(refused.headers.get('x-ratelimit-reset'));
    expect(Math.abs(reset - Date.now() / 1000 - seconds)).toBeLessThan(2);
    expect((await ask()).status).toBe(429);
    expect((await world.core.query('SELECT FROM core.messages WHERE owner_id = $1', [caller.ownerId])).rowCount).toBe(
      2,
    );
  });

  it('count what is refused for another reason too, and tell it there', async () => {
    expect(left(await read('/messages?limit=0'))).toEqual([4, 3]);
    expect(left(await read(`/messages/${randomUUID()}`))).toEqual([4, 2]);
    expect(left(await read('/nothing'))).toEqual([4, 1]);
    const small = await world.caller({ scopes: [] });
    const forbidden = await read('/messages', small);
    expect([forbidden.status, ...left(forbidden)]).toEqual([403, 4, 3]);
  });

  it('are of their own kind and of each key alone', async () => {
    for (let index = 0; index < 4; index += 1) expect((await read()).status).toBe(200);
    expect((await read()).status).toBe(429);
    expect((await ask()).status).toBe(202);
    const other = await world.caller({ ownerId: caller.ownerId });
    expect((await read('/messages', other)).status).toBe(200);
  });

  it('count what a key asks of the codec', async () => {
    const decode = () => world.call('POST', '/codec/decode', { as: caller, body: { payloads: [] } });
    for (const remaining of [3, 2, 1, 0]) expect(left(await decode())).toEqual([4, remaining]);
    expect((await decode()).json.type).toBe('/problems/rate-limited');
    expect((await read()).status).toBe(429);
  });

  it('begin anew when the minute is over, and hold over a restart', async () => {
    const after = createLimitStore(world.core, limits);
    for (let index = 0; index < 3; index += 1) await world.deps.limits.consume('queries', caller.keyId);
    expect(await after.consume('queries', caller.keyId)).toMatchObject({ allowed: false, remaining: 0 });
    await world.core.query('UPDATE core.rate_limits SET expire = 0 WHERE key = $1', [`queries:${caller.keyId}`]);
    const anew = await createLimitStore(world.core, limits).consume('queries', caller.keyId);
    expect(anew).toMatchObject({ allowed: true, limit: 2, remaining: 1 });
    expect(anew.resetsInMs).toBeGreaterThan(55_000);
  });

  it('do not let more through when many come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => ask()));
    expect(answers.filter(({ status }) => status === 202)).toHaveLength(limits.queries);
  });

  it('leave health, documentation and unknown keys alone', async () => {
    for (let index = 0; index < 6; index += 1) {
      expect((await read('/health')).status).toBe(200);
      expect((await world.app.request('http://localhost:7780/docs')).headers.get('x-ratelimit-limit')).toBeNull();
      const unknown = await read('/messages', { ...caller, key: `mj_${'A'.repeat(43)}` });
      expect([unknown.status, unknown.headers.get('x-ratelimit-limit')]).toEqual([401, null]);
    }
  });

  it('are no reason to answer otherwise when the database is away', async () => {
    const away = await createWorld({
      change: (deps) => ({
        ...deps,
        limits: { consume: () => Promise.reject(new DatabaseUnavailable(undefined, undefined)) },
      }),
    });
    const as = await away.caller();
    expect(await away.call('GET', '/api/v1/messages', { as })).toMatchObject({
      status: 503,
      json: { type: '/problems/database-unavailable' },
    });
    await away.close();
  });
});
