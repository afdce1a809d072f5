import { randomBytes, randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { inject } from 'vitest';
import { loadKeyring } from '../../adapters/keyring.ts';
import { dataConverter } from '../../adapters/payload-codec.ts';
import { connectPostgres } from '../../adapters/postgres.ts';
import { openTemporal } from '../../adapters/workflow-gateway.ts';
import { createApp } from '../../api/app.ts';
import type { ApiDeps } from '../../api/ports.ts';
import { sha256 } from '../../contracts/action.ts';
import { scopes as allScopes } from '../../contracts/api.ts';
import type { Limits } from '../../contracts/limits.ts';
import { loadRoster } from '../../roster/load.ts';
import { createDoors } from '../../workers/doors.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestHouse } from '../support/house.ts';
import { contractOf } from './contract.ts';

/** An owner with a key, as the tests call as. */
export interface TestCaller {
  ownerId: string;
  keyId: string;
  key: string;
}

export interface WorldOptions {
  /** A house with a worker, whose doors these are; without one there is a database of its own and no worker. */
  house?: TestHouse;
  /** Another place to look for Temporal. */
  temporalAddress?: string;
  /** Another place to look for the database. */
  databaseUrl?: string;
  /** None that a test could meet by default. */
  limits?: Limits;
  streamMs?: number;
  ending?: AbortSignal;
  change?: (deps: ApiDeps) => ApiDeps;
}

/** The doors over a real database and a real Temporal server. */
export async function createWorld({ house, temporalAddress, databaseUrl, limits, change, ...more }: WorldOptions = {}) {
  const database = house === undefined ? await createTestDatabase() : undefined;
  const poolAs = (role: string) => connectPostgres({ url: databaseUrl ?? database?.urlAs(role) ?? '', env: {} });
  const core = house?.core ?? poolAs('majordomo_core');
  const household = house?.household ?? poolAs('majordomo_household');
  const keyring = loadKeyring({ env: {}, home: inject('testHome') });
  const temporal = openTemporal({
    address: temporalAddress ?? inject('temporalAddress'),
    namespace: 'default',
    dataConverter: dataConverter(keyring),
  });
  const taskQueue = house?.taskQueue ?? `test-${randomUUID()}`;
  const [butler] = loadRoster({ directory: fileURLToPath(new URL('../../roster', import.meta.url)), env: {} });
  if (butler === undefined) throw new Error('The roster is empty.');
  const failures: unknown[] = [];
  const doors = createDoors({
    core,
    household,
    temporal,
    taskQueue,
    keyring,
    butler,
    webUi: `http://${inject('temporalUiAddress')}`,
    allowedHosts: ['house.test'],
    ...more,
    limits: limits ?? { queries: 1_000_000, requests: 1_000_000 },
    log: {
      info: () => undefined,
      warn: () => undefined,
      error: (facts) => failures.push('error' in facts ? facts.error : facts),
    },
    deadlines:
      house === undefined ? { admit: 250, decide: 400, plain: 500 } : { admit: 5_000, decide: 1_500, plain: 2_000 },
  });
  const deps = change?.(doors) ?? doors;
  const app = createApp(deps);
  const contract = contractOf(app);

  async function caller(
    options: { scopes?: readonly string[]; expired?: boolean; ownerId?: string } = {},
  ): Promise<TestCaller> {
    const key = `mj_${randomBytes(32).toString('base64url')}`;
    const ownerId = options.ownerId ?? randomUUID();
    const keyId = randomUUID();
    await core.query(`INSERT INTO core.owners (id, source, name) VALUES ($1, 'test', 'owner') ON CONFLICT DO NOTHING`, [
      ownerId,
    ]);
    await core.query(
      `INSERT INTO core.api_keys (id, source, owner_id, name, key_hash, scopes, expires_at)
       VALUES ($1, 'test', $2, 'test', $3, $4, CASE WHEN $5 THEN now() - interval '1 second' END)`,
      [keyId, ownerId, sha256(key), [...(options.scopes ?? allScopes)], options.expired ?? false],
    );
    await core.query(
      `INSERT INTO core.owner_accounts (id, source, owner_id, channel, account) VALUES ($1, 'test', $2, 'key', $3)`,
      [randomUUID(), ownerId, keyId],
    );
    return { ownerId, keyId, key };
  }

  /** One request; every answer is held against the OpenAPI document. */
  async function call(method: string, path: string, options: CallOptions = {}) {
    const { as, body, headers = {} } = options;
    const response = await app.request(`http://localhost:7780${path}`, {
      method,
      headers: {
        ...(as && { 'x-api-key': as.key }),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const json = response.headers.get('content-type')?.includes('json') ? JSON.parse(text) : undefined;
    if (json?.type === '/problems/internal') throw new Error('The API failed inside.', { cause: failures.at(-1) });
    contract.check(method, path, response, json ?? text);
    return { status: response.status, headers: response.headers, text, json };
  }

  return {
    app,
    deps,
    core,
    household,
    temporal,
    taskQueue,
    keyring,
    butler,
    caller,
    call,
    contract,
    async close() {
      await temporal.close();
      if (house !== undefined) return;
      await Promise.all([core.close(), household.close()]);
      await database?.drop();
    },
  };
}

export interface CallOptions {
  as?: TestCaller;
  body?: unknown;
  headers?: Record<string, string>;
}

export type World = Awaited<ReturnType<typeof createWorld>>;
