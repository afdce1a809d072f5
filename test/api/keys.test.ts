import { randomUUID } from 'node:crypto';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createApprovalStore } from '../../adapters/store/approvals.ts';
import { createGateCodes } from '../../adapters/gate-code.ts';
import { createIssuedKeyStore } from '../../adapters/store/issued-keys.ts';
import { sha256 } from '../../contracts/action.ts';
import { apiKeyShape, ordinaryScopes, scopes as allScopes } from '../../contracts/api.ts';
import { makeOwner, openGate } from '../support/stores.ts';
import { createWorld, type TestCaller, type World } from './world.ts';

let world: World;
let manager: TestCaller;
let stranger: TestCaller;

beforeAll(async () => {
  world = await createWorld();
  manager = await world.caller();
  stranger = await world.caller();
});
afterAll(() => world.close());

type Headers = Record<string, string>;
const post = (path: string, body: object | undefined, as = manager, headers: Headers = {}) =>
  world.call('POST', `/api/v1/keys${path}`, { as, headers, ...(body && { body }) });
const get = (query = '', as = manager) => world.call('GET', `/api/v1/keys${query}`, { as });
/** A key from the API, to call with. */
async function made(body: object = {}, as = manager): Promise<TestCaller> {
  const { status, json } = await post('', { name: 'made', ...body }, as);
  expect(status).toBe(201);
  return { ownerId: as.ownerId, keyId: json.key.id, key: json.secret };
}
const works = async (as: TestCaller) => (await world.call('GET', '/api/v1/messages', { as })).status;

describe('making a key', () => {
  it('shows it once, and keeps its hash alone', async () => {
    const { json, text } = await post('', { name: 'phone' });
    expect(json.secret).toMatch(apiKeyShape);
    expect(json.key).toMatchObject({
      name: 'phone',
      status: 'active',
      scopes: [...ordinaryScopes],
      created_by: manager.keyId,
      rotated_from: null,
      expires_at: null,
      last_used_at: null,
    });
    expect(text.split(json.secret)).toHaveLength(2);
    const stored = await world.core.query<{ key_hash: string }>('SELECT * FROM core.api_keys WHERE id = $1', [
      json.key.id,
    ]);
    expect(stored.rows[0]?.key_hash).toBe(sha256(json.secret));
    expect((await get()).text).not.toContain(json.secret);
    const accounts = await world.core.query(`SELECT FROM core.owner_accounts WHERE channel = 'key' AND account = $1`, [
      json.key.id,
    ]);
    expect(accounts.rowCount).toBe(1);
  });

  it('gives what is ordinary, without what is elevated, and notes the use', async () => {
    const phone = await made();
    expect(await works(phone)).toBe(200);
    const decide = await world.call('POST', `/api/v1/approvals/${randomUUID()}/decide`, {
      as: phone,
      body: { verdict: 'approve' },
    });
    expect(decide).toMatchObject({ status: 403, json: { type: '/problems/missing-scope', scope: 'approvals:decide' } });
    expect((await get('', phone)).json).toMatchObject({ scope: 'keys:manage' });
    const { json } = await get();
    expect(json.keys.find(({ id }: { id: string }) => id === phone.keyId).last_used_at).toEqual(expect.any(String));
  });

  it('gives nothing that the maker lacks', async () => {
    const small = await world.caller({ ownerId: manager.ownerId, scopes: ['keys:manage', 'messages:read'] });
    const refused = await post('', { name: 'more', scopes: ['messages:read', 'approvals:decide'] }, small);
    expect(refused).toMatchObject({
      status: 403,
      json: { type: '/problems/missing-scope', scope: 'approvals:decide' },
    });
    expect((await post('', { name: 'less' }, small)).json.key.scopes).toEqual(['messages:read']);
    const strong = await made({ scopes: [...allScopes] });
    expect((await post(`/${strong.keyId}/rotate`, {}, small)).json.type).toBe('/problems/missing-scope');
    expect(await works(strong)).toBe(200);
  });

  it('gives nothing that outlives the maker, neither new nor by taking over', async () => {
    const lasting = await made({ name: 'lasting' });
    const brief = await made({ name: 'brief', scopes: [...allScopes], expires_in_days: 1 });
    const late = { expires_at: new Date(Date.now() + 2 * 86_400_000).toISOString() };
    expect((await post('', { name: 'late', ...late }, brief)).status).toBe(400);
    expect((await post(`/${lasting.keyId}/rotate`, {}, brief)).status).toBe(400);
    expect((await post(`/${brief.keyId}/rotate`, late, brief)).status).toBe(400);
    const { json } = await post('', { name: 'unsaid' }, brief);
    const { json: own } = await get('', brief);
    const endOf = (id: string) => own.keys.find((key: { id: string }) => key.id === id).expires_at;
    expect(json.key.expires_at).toBe(endOf(brief.keyId));
    expect((await post(`/${brief.keyId}/rotate`, {}, brief)).status).toBe(201);
  });

  it('ends it when it is time', async () => {
    const soon = await made({ expires_at: new Date(Date.now() + 60_000).toISOString() });
    expect(await works(soon)).toBe(200);
    await world.core.query('UPDATE core.api_keys SET expires_at = now() WHERE id = $1', [soon.keyId]);
    const { status, json } = await world.call('GET', '/api/v1/messages', { as: soon });
    expect([status, json.type]).toEqual([401, '/problems/key-expired']);
    const days = await post('', { name: 'days', expires_in_days: 90 });
    const left = new Date(days.json.key.expires_at).getTime() - Date.now();
    expect(left / 86_400_000).toBeCloseTo(90, 2);
  });

  it.each([
    ['an expiry that is over', { expires_at: '2020-01-01T00:00:00Z' }, '/expires_at'],
    ['two expiries', { expires_at: '2099-01-01T00:00:00Z', expires_in_days: 1 }, '/expires_at'],
    ['no days', { expires_in_days: 0 }, '/expires_in_days'],
    ['no scope', { scopes: [] }, '/scopes'],
    ['an unknown scope', { scopes: ['messages:burn'] }, '/scopes/0'],
    ['no name', { name: '' }, '/name'],
    ['NUL in the name', { name: 'a\0' }, '/name'],
  ])('refuses %s', async (_what, body, pointer) => {
    const { status, json } = await post('', { name: 'bad', ...body });
    expect([status, json.type, json.errors[0].pointer]).toEqual([400, '/problems/validation', pointer]);
  });
});

it('stands in no log, whatever fails', async () => {
  const lines: string[] = [];
  const write = (facts: object, message: string) => void lines.push(inspect([facts, message], { depth: 9 }));
  const failing = await createWorld({
    change: (deps) => ({
      ...deps,
      log: { error: write, warn: write, info: write },
      issuedKeys: createIssuedKeyStore({ ...world.core, transaction: () => Promise.reject(new Error('broken')) }),
    }),
  });
  const as = await failing.caller();
  const answer = await failing.app.request('http://localhost:7780/api/v1/keys', {
    method: 'POST',
    headers: { 'x-api-key': as.key, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'phone' }),
  });
  expect(answer.status).toBe(500);
  expect(lines.join()).toContain('broken');
  expect([...lines, await answer.text()].join()).not.toMatch(/mj_|x-api-key/);
  await failing.close();
});

describe('a repeated request', () => {
  it('makes one key, and tells its secret once', async () => {
    const headers = { 'idempotency-key': randomUUID() };
    const first = await post('', { name: 'once' }, manager, headers);
    const again = await post('', { name: 'once' }, manager, headers);
    expect(again.json).toEqual({ key: first.json.key, secret: null });
    expect((await post('', { name: 'other' }, manager, headers)).json.type).toBe('/problems/idempotency-conflict');
    const kept = await world.core.query('SELECT * FROM core.idempotency_keys');
    expect(JSON.stringify(kept.rows)).not.toContain(first.json.secret);
  });

  it('rotates once, also when the first try died before its answer was stored', async () => {
    const old = await made();
    const headers = { 'idempotency-key': randomUUID() };
    const rotate = () => post(`/${old.keyId}/rotate`, {}, manager, headers);
    const first = await rotate();
    await world.core.query(
      `UPDATE core.idempotency_keys SET status = 'open', metadata = '{"released": true}' WHERE key = $1`,
      [headers['idempotency-key']],
    );
    const again = await rotate();
    expect(again).toMatchObject({ status: 201, json: { key: { id: first.json.key.id }, secret: null } });
    const other = await post(`/${old.keyId}/rotate`, { old_valid_seconds: 1 }, manager, headers);
    expect(other.status).toBe(422);
  });
});

describe('rotating', () => {
  it('puts a key with the same name, scopes and expiry into the place of the old one, which ends', async () => {
    const old = await made({ name: 'robot', scopes: ['messages:read'], expires_in_days: 30 });
    const { json } = await post(`/${old.keyId}/rotate`, {});
    const before = (await get()).json.keys.find(({ id }: { id: string }) => id === old.keyId);
    expect(json.key).toMatchObject({ name: 'robot', scopes: ['messages:read'], rotated_from: old.keyId });
    expect(before.status).toBe('rotated');
    expect(await works(old)).toBe(401);
    expect(await works({ ...old, key: json.secret })).toBe(200);
    expect((await post(`/${old.keyId}/rotate`, {})).json.type).toBe('/problems/key-ended');
  });

  it('lets the old one work for a while where that is asked for', async () => {
    const old = await made();
    const { json } = await post(`/${old.keyId}/rotate`, { old_valid_seconds: 60, expires_in_days: 90 });
    expect(await works(old)).toBe(200);
    expect(new Date(json.key.expires_at).getTime()).toBeGreaterThan(Date.now() + 86_400_000);
    expect((await post(`/${old.keyId}/rotate`, {})).json.type).toBe('/problems/key-ended');
    await world.core.query('UPDATE core.api_keys SET expires_at = now() WHERE id = $1', [old.keyId]);
    expect(await works(old)).toBe(401);
  });
});

describe('revoking', () => {
  it('ends a key at once, however often it is said', async () => {
    const lost = await made();
    for (const _ of [1, 2]) expect((await post(`/${lost.keyId}/revoke`, undefined)).json.status).toBe('revoked');
    expect((await world.call('GET', '/api/v1/messages', { as: lost })).json.type).toBe('/problems/unauthenticated');
  });

  it('takes the authority of what the key asked for and nobody decided yet', async () => {
    const owner = await makeOwner(world.core);
    const as = await world.caller({ ownerId: owner.ownerId });
    const thief = await made({ scopes: ['approvals:decide'] }, as);
    const approvals = createApprovalStore(world.core);
    const { approval } = await openGate({ approvals, codes: createGateCodes(world.keyring), owner });
    const decision = { decisionId: randomUUID(), verdict: 'approve' as const };
    await world.call('POST', `/api/v1/approvals/${approval.id}/decide`, {
      as: thief,
      body: { verdict: 'approve', decision_id: decision.decisionId },
    });
    await post(`/${thief.keyId}/revoke`, undefined, as);
    expect(await approvals.decide(approval.id, decision)).toMatchObject({ authorised: false, status: 'pending' });
  });

  it('leaves somebody who can manage the keys', async () => {
    const only = await world.caller();
    expect(await post(`/${only.keyId}/revoke`, undefined, only)).toMatchObject({
      status: 409,
      json: { type: '/problems/last-key' },
    });
    const rotated = await post(`/${only.keyId}/rotate`, { old_valid_seconds: 60 }, only);
    expect((await post(`/${rotated.json.key.id}/revoke`, undefined, only)).json.type).toBe('/problems/last-key');
    for (let round = 0; round < 10; round += 1) {
      const { ownerId, keyId } = await world.caller();
      const { keyId: other } = await world.caller({ ownerId });
      const ends = await Promise.all([keyId, other].map((id) => world.deps.issuedKeys.revoke(ownerId, id)));
      expect(ends.filter((end) => end === 'last')).toHaveLength(1);
    }
  });
});

describe('the list', () => {
  it('goes from new to old without a gap, also where keys were made at the same moment', async () => {
    const owner = await world.caller();
    for (let index = 0; index < 6; index += 1) await made({ name: `k${index}` }, owner);
    await world.core.query(
      `UPDATE core.api_keys SET created_at = '2026-01-01T00:00:00.123Z'::timestamptz + random() * interval '999 microseconds'
       WHERE owner_id = $1`,
      [owner.ownerId],
    );
    const seen: string[] = [];
    let after = '';
    do {
      const { json } = await get(`?limit=2${after && `&after=${after}`}`, owner);
      seen.push(...json.keys.map(({ id }: { id: string }) => id));
      after = json.next ?? '';
    } while (after !== '');
    expect(new Set(seen).size).toBe(7);
    expect(seen).toHaveLength(7);
  });

  it('takes only its own cursors', async () => {
    for (const after of ['abc', 'eyJhIjoxfQ'])
      expect((await get(`?after=${after}`)).json.type).toBe('/problems/validation');
  });

  it("is another owner's business for nobody", async () => {
    const key = await made();
    expect((await get('', stranger)).json.keys.map(({ id }: { id: string }) => id)).toEqual([stranger.keyId]);
    expect((await post(`/${key.keyId}/rotate`, {}, stranger)).status).toBe(404);
    expect((await post(`/${key.keyId}/revoke`, undefined, stranger)).status).toBe(404);
    expect(await works(key)).toBe(200);
  });
});
