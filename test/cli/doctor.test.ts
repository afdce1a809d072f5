import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { loadKeyring } from '../../adapters/keyring.ts';
import { loadConfig, portSettings } from '../../cli/config.ts';
import { examine } from '../../cli/doctor.ts';
import { freePorts } from '../../cli/supervisor/ports.ts';
import { createTestDatabase } from '../support/database.ts';
import type { TestDatabase } from '../support/database.ts';
import { enginesFolder } from '../support/engines.ts';

let home: string;
let env: NodeJS.ProcessEnv;
let database: TestDatabase;

beforeEach(async () => {
  database = await createTestDatabase();
  home = await mkdtemp(join(tmpdir(), 'majordomo-doctor-'));
  const ports = await freePorts(6);
  env = { MAJORDOMO_HOME: home, MAJORDOMO_ENGINES: enginesFolder(), DATABASE_URL: database.ownerUrl };
  env['TEMPORAL_ADDRESS'] = inject('temporalAddress');
  for (const [index, setting] of Object.values(portSettings).entries()) env[setting] = String(ports[index]);
});
afterEach(async () => {
  await database.drop();
  await rm(home, { recursive: true, force: true });
});

async function broken(): Promise<Record<string, string>> {
  const findings = await examine({ config: () => loadConfig(env), env, say: () => {} });
  return Object.fromEntries(findings.filter(({ ok }) => !ok).map(({ name, detail }) => [name, detail]));
}

test('everything is ok with a migrated database and a prepared Temporal', async () => {
  expect(await broken()).toEqual({});
});

test('without services of its own it looks for the engines', async () => {
  delete env['DATABASE_URL'];
  delete env['TEMPORAL_ADDRESS'];
  const findings = await examine({ config: () => loadConfig(env), env, say: () => {} });
  expect(findings.find(({ name }) => name === 'engines')?.detail).toMatch(/PostgreSQL\) \d+.*temporal version/);
});

test('each broken part is named with what to do', async () => {
  const squatter = createServer().listen(Number(env['MAJORDOMO_PORT']), '127.0.0.1');
  env['TEMPORAL_ADDRESS'] = '127.0.0.1:1';
  env['DATABASE_URL'] = 'postgres://me:secret@127.0.0.1:1/none';
  loadKeyring({ env, home });
  await chmod(join(home, 'keys', 'keyring.json'), 0o644);
  const found = await broken();
  squatter.close();
  expect(Object.keys(found).sort()).toEqual(['database', 'keys', 'migrations', 'ports', 'temporal']);
  expect(found['ports']).toContain('MAJORDOMO_PORT');
  expect(found['temporal']).toContain('Check TEMPORAL_ADDRESS');
  expect(found['keys']).toContain('chmod 600');
  expect(JSON.stringify(found)).not.toContain('secret');
});

test('a keyring or a mail account that is missing is named', async () => {
  await mkdir(join(home, 'temporal'));
  await writeFile(join(home, 'temporal', 'temporal.db'), '');
  Object.assign(env, { MAJORDOMO_SHOP_CHANNEL: 'email', MAJORDOMO_SHOP_EMAIL: 'orders@shop.example' });
  expect(await broken()).toEqual({
    keys: expect.stringContaining('keyring.json') as unknown,
    channels: expect.stringContaining('MAJORDOMO_SMTP_HOST') as unknown,
  });
});

test('settings that cannot be used are the first thing said', async () => {
  Object.assign(env, { MAJORDOMO_PORT: 'abc', MAJORDOMO_LOG_LEVEL: 'loud' });
  const found = await broken();
  expect(Object.keys(found)).toEqual(['settings']);
  expect(found['settings']).toMatch(/MAJORDOMO_PORT[^]*MAJORDOMO_LOG_LEVEL/);
});
