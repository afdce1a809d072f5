import { createServer } from 'node:http';
import { once } from 'node:events';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { payloadCodec } from '../../adapters/payload-codec.ts';
import { sha256 } from '../../contracts/action.ts';
import { createWorld, type TestCaller, type World } from './world.ts';

let world: World;
let owner: TestCaller;
beforeAll(async () => {
  world = await createWorld();
  owner = await world.caller();
});
afterAll(() => world.close());

const link = async (as: TestCaller = owner, body: object = { view: 'all' }): Promise<URL> => {
  const { status, json } = await world.call('POST', '/api/v1/ui/links', { as, body });
  expect(status).toBe(201);
  return new URL(json.url);
};
const open = (secret: string, headers: Record<string, string> = {}) =>
  world.call('POST', '/login', { body: { secret }, headers });
const secretOf = (url: URL): string => url.hash.slice(1);
const cookieOf = (answer: { headers: Headers }): string =>
  answer.headers.getSetCookie().find((each) => each.startsWith('majordomo_session=')) ?? '';

/** The cookie header of a new login. */
async function login(as: TestCaller = owner): Promise<{ cookie: string }> {
  const answer = await open(secretOf(await link(as)));
  expect(answer.status).toBe(200);
  return { cookie: cookieOf(answer).split(';')[0] ?? '' };
}

const ui = (headers: Record<string, string>, path = '/temporal/api/v1/settings') =>
  world.call('GET', path, { headers });
const decode = (headers: Record<string, string>) =>
  world.call('POST', '/codec/decode', { headers, body: { payloads: [] } });

describe('a login', () => {
  it('begins with a link that needs its scope', async () => {
    const guest = await world.caller({ scopes: ['approvals:decide'] });
    const refused = await world.call('POST', '/api/v1/ui/links', { as: guest, body: { view: 'all' } });
    expect(refused).toMatchObject({ status: 403, json: { type: '/problems/missing-scope', scope: 'ui:open' } });
  });

  it('keeps the secret behind the #, and out of Postgres', async () => {
    const url = await link();
    expect(`${url.origin}${url.pathname}${url.search}`).toBe('http://localhost:7780/login');
    const answer = await open(secretOf(url));
    const session = /=([^;]{43});/.exec(cookieOf(answer))?.[1] ?? '';
    const { rows } = await world.core.query<{ row: string }>('SELECT login::text AS row FROM core.logins login');
    const stored = rows.map(({ row }) => row).join('\n');
    expect(stored).toContain(sha256(session));
    for (const secret of [secretOf(url), session]) expect(stored).not.toContain(secret);
  });

  it('gives a cookie that scripts and other sites do not get, and the page its settings', async () => {
    const answer = await open(secretOf(await link(owner, { view: 'waiting' })));
    expect(cookieOf(answer)).toMatch(/; Max-Age=43200; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(decodeURIComponent(answer.json.next)).toBe(
      "/temporal/namespaces/default/workflows?query=ApprovalState = 'pending' AND ExecutionStatus = 'Running'",
    );
    expect(answer.json.columns).toContain('Stage');
    expect(answer.json.views.map(({ name }: { name: string }) => name)).toEqual([
      'Waits for you',
      'Overdue',
      'Failed today',
    ]);
  });

  it('opens once', async () => {
    const secret = secretOf(await link());
    const answers = await Promise.all([open(secret), open(secret), open(secret)]);
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
    expect(answers.flatMap(({ headers }) => headers.getSetCookie())).toHaveLength(1);
  });

  it('opens for a minute, and only while its key is good', async () => {
    const late = secretOf(await link());
    await world.core.query(`UPDATE core.logins SET expires_at = now() WHERE link_hash = $1`, [sha256(late)]);
    expect((await open(late)).status).toBe(401);
    const { rows } = await world.core.query<{ seconds: number }>(
      `SELECT max(extract(epoch FROM expires_at - created_at))::float8 AS seconds FROM core.logins WHERE status = 'offered'`,
    );
    expect(rows[0]?.seconds).toBeLessThanOrEqual(60.1);
    const gone = await world.caller();
    const secret = secretOf(await link(gone));
    await world.core.query(`UPDATE core.api_keys SET status = 'archived' WHERE id = $1`, [gone.keyId]);
    expect((await open(secret)).status).toBe(401);
  });

  it('is not guessed, and takes nothing else', async () => {
    expect((await open(randomBytes(32).toString('base64url'))).json.type).toBe('/problems/not-logged-in');
    expect((await open('short')).status).toBe(400);
    expect((await world.call('POST', '/login', { body: { secret: 1, next: 'https://evil.example' } })).status).toBe(
      400,
    );
  });

  it.each([
    ['an hour too long', `UPDATE core.logins SET expires_at = now() WHERE session_hash = $1`],
    [
      'a key that was revoked',
      `UPDATE core.api_keys SET status = 'archived' WHERE id = (SELECT api_key_id FROM core.logins WHERE session_hash = $1)`,
    ],
    [
      'a key that expired',
      `UPDATE core.api_keys SET expires_at = now() WHERE id = (SELECT api_key_id FROM core.logins WHERE session_hash = $1)`,
    ],
    [
      'a key that lost the scope',
      `UPDATE core.api_keys SET scopes = '{messages:read}' WHERE id = (SELECT api_key_id FROM core.logins WHERE session_hash = $1)`,
    ],
  ])('ends by %s', async (_, statement) => {
    const session = await login(await world.caller());
    expect((await ui(session)).status).toBe(200);
    await world.core.query(statement, [sha256(session.cookie.split('=')[1] ?? '')]);
    expect((await ui(session)).json.type).toBe('/problems/not-logged-in');
    expect((await decode(session)).status).toBe(401);
  });

  it('ends by logging out', async () => {
    const session = await login();
    const out = await world.call('POST', '/logout', { headers: session });
    expect([out.status, out.headers.get('location')]).toEqual([303, '/login']);
    expect(cookieOf(out)).toContain('Max-Age=0');
    expect((await ui(session)).status).toBe(401);
  });

  it('has a page that runs its own script only, and is not framed', async () => {
    const page = await world.call('GET', '/login');
    expect(page.text).not.toMatch(/<script>|style=|https?:/);
    expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'");
    expect((await world.call('GET', '/login/start.js')).headers.get('content-type')).toContain('text/javascript');
  });
});

describe('the Web UI', () => {
  it('is served under our path, with its codec on the same origin and nothing from elsewhere', async () => {
    const session = await login();
    expect((await ui(session)).json.Codec).toMatchObject({ Endpoint: '/codec' });
    const page = await ui(session, '/temporal/namespaces/default/workflows');
    expect(page.text).toContain('base: "/temporal"');
    const policy = page.headers.get('content-security-policy') ?? '';
    expect(policy).toMatch(/script-src 'self' 'sha256-[^']{44}';/);
    expect(policy).toContain("frame-ancestors 'self'");
    expect(policy).not.toMatch(/https?:|\*|unsafe-eval/);
    expect((await ui(session, '/temporal/api/v1/namespaces/default/workflows')).status).toBe(200);
  });

  it('gets neither our cookie nor a key, and gives back no header of its own making', async () => {
    const seen: NodeJS.Dict<string | string[]>[] = [];
    const server = createServer((request, response) => {
      seen.push(request.headers);
      response.setHeader('set-cookie', ['_csrf=a; Path=/', 'other=b']);
      response.setHeader('access-control-allow-origin', '*');
      response.end('{}');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const webUi = { server: `http://127.0.0.1:${port}`, namespace: 'default', timezone: 'UTC' };
    const other = await createWorld({ change: (deps) => ({ ...deps, webUi, logins: world.deps.logins }) });
    const { cookie } = await login();
    const answer = await other.call('POST', '/temporal/api/v1/x', {
      headers: {
        cookie: `a=1; ${cookie}; _csrf=t`,
        'x-api-key': owner.key,
        authorization: 'Bearer x',
        'x-csrf-token': 't',
      },
      body: { a: 1 },
    });
    server.close();
    await other.close();
    expect(answer.status).toBe(200);
    expect(seen[0]).toMatchObject({ cookie: '_csrf=t', 'x-csrf-token': 't', 'content-type': 'application/json' });
    expect(JSON.stringify(seen)).not.toMatch(/majordomo_session|mj_|Bearer/);
    expect(answer.headers.getSetCookie()).toEqual(['_csrf=a; Path=/']);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
  });

  it.each([
    ['away', { server: 'http://127.0.0.1:9', namespace: 'default', timezone: 'UTC' }, 201],
    ['not there at all', null, 503],
  ])('is named when it is %s', async (_, webUi, linkStatus) => {
    const { logins, keys } = world.deps;
    const other = await createWorld({ change: (deps) => ({ ...deps, webUi, logins, keys }) });
    const page = await other.call('GET', '/temporal', { headers: await login() });
    expect(page).toMatchObject({ status: 503, json: { type: '/problems/web-ui-unavailable' } });
    expect((await other.call('POST', '/api/v1/ui/links', { as: owner, body: { view: 'all' } })).status).toBe(
      linkStatus,
    );
    await other.close();
  });
});

describe('a stranger', () => {
  const closed = ['/temporal', '/temporal/', '/temporal/api/v1/namespaces', '/temporal/_app/version.json'];

  it.each(closed)('gets nothing of %s without a cookie, and a browser is told what to do', async (path) => {
    const bare = await world.call('GET', path);
    expect(bare).toMatchObject({ status: 401, json: { type: '/problems/not-logged-in' } });
    const page = await ui({ accept: 'text/html,*/*;q=0.8' }, path);
    expect(page.status).toBe(401);
    expect(page.text).toContain('npx majordomo webui');
    expect(page.headers.get('location')).toBeNull();
  });

  it('gets nothing with a cookie of his own making', async () => {
    for (const cookie of ['majordomo_session=', `majordomo_session=${randomBytes(32).toString('base64url')}`])
      expect((await ui({ cookie })).status).toBe(401);
  });

  it.each([
    ['a foreign Host', { host: 'evil.example' }, '/problems/foreign-host'],
    ['a foreign Host with our port', { host: 'evil.example:7780' }, '/problems/foreign-host'],
    ['a foreign Origin', { origin: 'https://evil.example' }, '/problems/foreign-origin'],
    ['another port of this host', { origin: 'http://localhost:3000' }, '/problems/foreign-origin'],
    ['no origin that has a name', { origin: 'null' }, '/problems/foreign-origin'],
    ['a page of another site, by its browser', { 'sec-fetch-site': 'cross-site' }, '/problems/foreign-origin'],
    ['a page of another port, by its browser', { 'sec-fetch-site': 'same-site' }, '/problems/foreign-origin'],
  ])('gets nothing with %s, even with a good cookie', async (_, headers, type) => {
    const session = await login();
    for (const answer of [await ui({ ...session, ...headers }), await decode({ ...session, ...headers })]) {
      expect(answer).toMatchObject({ status: 403, json: { type } });
    }
  });

  it('cannot log in from another page, nor use the cookie as a key', async () => {
    const secret = secretOf(await link());
    expect((await open(secret, { origin: 'https://evil.example' })).status).toBe(403);
    expect((await open(secret, { host: 'evil.example' })).status).toBe(403);
    expect((await world.call('GET', '/api/v1/approvals', { headers: await login() })).status).toBe(401);
  });
});

describe('the codec', () => {
  const json = (payload: { metadata?: object | null; data?: Uint8Array | null }) => ({
    metadata: Object.fromEntries(
      Object.entries(payload.metadata ?? {}).map(([name, value]) => [name, Buffer.from(value).toString('base64')]),
    ),
    data: Buffer.from(payload.data ?? []).toString('base64'),
  });
  const plain = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"text":"milk"}') };
  const call = (path: string, payloads: unknown[], headers: Record<string, string>) =>
    world.call('POST', path, { headers, body: { payloads } });

  it("reads the house's payloads and makes them, in order, for a session and for a key", async () => {
    const session = await login();
    const [sealed = {}] = await payloadCodec(world.keyring).encode([plain]);
    for (const headers of [session, { 'x-api-key': owner.key }, { authorization: `Bearer ${owner.key}` }]) {
      const decoded = await call('/codec/decode?preserveStorageRefs=true', [json(sealed), json(plain)], headers);
      expect(decoded.json).toEqual({ payloads: [json(plain), json(plain)] });
      const encoded = await call('/codec/encode', [json(plain)], headers);
      expect(Buffer.from(encoded.json.payloads[0].metadata.encoding, 'base64').toString()).toBe('binary/encrypted');
      expect((await call('/codec/decode', encoded.json.payloads, headers)).json.payloads).toEqual([json(plain)]);
    }
  });

  it('gives back what it cannot read as it came, beside what it can', async () => {
    const [sealed = {}] = await payloadCodec(world.keyring).encode([plain]);
    const unknown = json({ ...sealed, metadata: { ...sealed.metadata, 'encryption-key-id': Buffer.from('k9') } });
    const altered = json({ ...sealed, data: Buffer.from('not sealed by anybody at all') });
    const answer = await call('/codec/decode', [unknown, json(sealed), altered], await login());
    expect(answer.json.payloads).toEqual([unknown, json(plain), altered]);
  });

  it('refuses what is no payload, nobody, and a key without the scope', async () => {
    const session = await login();
    expect((await call('/codec/decode', [{ data: '?' }], session)).status).toBe(400);
    expect((await world.call('POST', '/codec/decode', { headers: session, body: { payload: 1 } })).status).toBe(400);
    expect((await call('/codec/decode', [], {})).json.type).toBe('/problems/not-logged-in');
    const guest = await world.caller({ scopes: ['messages:read'] });
    expect((await call('/codec/decode', [], { 'x-api-key': guest.key })).json.scope).toBe('ui:open');
    expect((await call('/codec/encode', [], { 'x-api-key': 'mj_x' })).status).toBe(401);
  });
});
