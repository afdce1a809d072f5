import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { loadConfig, portSettings } from '../../cli/config.ts';
import { preflight, requireKeys } from '../../cli/preflight.ts';
import { freePorts } from '../../cli/supervisor/ports.ts';
import { runCommand } from '../support/command.ts';
import { enginesFolder } from '../support/engines.ts';

let home: string;
let env: NodeJS.ProcessEnv;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'majordomo-preflight-'));
  const ports = await freePorts(6);
  env = { MAJORDOMO_HOME: home, MAJORDOMO_ENGINES: enginesFolder() };
  for (const [index, setting] of Object.values(portSettings).entries()) env[setting] = String(ports[index]);
});
afterEach(() => rm(home, { recursive: true, force: true }));

const keyring = () => join(home, 'keys', 'keyring.json');
const fly = () => preflight(loadConfig(env), env);

async function withData(): Promise<void> {
  await mkdir(join(home, 'postgres', 'data'), { recursive: true });
  await writeFile(join(home, 'postgres', 'data', 'PG_VERSION'), '18\n');
  await mkdir(join(home, 'keys'));
  await writeFile(join(home, 'keys', 'postgres.password'), 'given\n');
}

test('a new house gets its keyring before anything else', async () => {
  expect(await requireKeys(loadConfig(env), env)).toBeUndefined();
  await fly();
  expect(existsSync(keyring())).toBe(true);
});

test('a house with data is never given a new keyring', async () => {
  await withData();
  await expect(fly()).rejects.toThrow(`bring back ${keyring()}`);
  expect(existsSync(keyring())).toBe(false);
  env['MAJORDOMO_KEYS'] = `k1:${Buffer.alloc(32).toString('base64')}`;
  await fly();
  await rm(join(home, 'keys', 'postgres.password'));
  await expect(fly()).rejects.toThrow('postgres.password');
});

test.each([
  ['POSTGRES_SSLMODE', 'require'],
  ['POSTGRES_SSLMODE', 'maybe'],
  ['MAJORDOMO_ALLOWED_HOSTS', 'http://x/y'],
])('%s=%s is refused by name', async (name, value) => {
  env[name] = value;
  await expect(fly()).rejects.toThrow(name);
});

test('an order channel without its account is said', async () => {
  env['MAJORDOMO_SHOP_CHANNEL'] = 'email';
  env['MAJORDOMO_SHOP_EMAIL'] = 'orders@shop.example';
  await expect(fly()).rejects.toThrow('set MAJORDOMO_SMTP_HOST');
});

test('a start says every mistake of the roster, and touches nothing', async () => {
  Object.assign(env, { MAJORDOMO_SHOP_CHANNEL: 'pigeon', MAJORDOMO_TIMEZONE: 'Mars/Base' });
  const start = runCommand('cli/bootstrap.mjs', ['up'], env);
  expect(await start.ended).toBe(1);
  expect(start.output()).toMatch(/butler\.toml:\d+ modules\.groceries\.channel —/);
  expect(start.output()).toMatch(/butler\.toml:\d+ modules\.groceries\.timezone —/);
  expect(start.output()).not.toContain('database cluster');
});

test('a process that cannot start says why in its last line', async () => {
  const api = runCommand('workers/api.ts', [], {
    ...env,
    DATABASE_URL: 'postgres://127.0.0.1:1/none',
    TEMPORAL_ADDRESS: '127.0.0.1:1',
    MAJORDOMO_ALLOWED_HOSTS: 'http://x/y',
  });
  expect(await api.ended).toBe(1);
  expect(api.output().trimEnd().split('\n').at(-1)).toMatch(/^MAJORDOMO_ALLOWED_HOSTS must be/);
});

test('who ends npm ends the house', async () => {
  const { PATH, HOME } = process.env;
  const npm = spawn('npm', ['start'], { env: { PATH, HOME, ...env } });
  let output = '';
  for (const stream of [npm.stdout, npm.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await vi.waitFor(() => expect(output).toContain('Making the database cluster'), { timeout: 20_000 });
  npm.kill('SIGTERM');
  await once(npm, 'close');
  expect(output).toContain('Everything is stopped');
});

test('a reader who went away is no error', async () => {
  const { PATH } = process.env;
  const status = spawn(process.execPath, ['cli/bootstrap.mjs', 'status', '--json'], { env: { PATH, ...env } });
  status.stdout.destroy();
  let errors = '';
  status.stderr.on('data', (chunk: Buffer) => (errors += chunk.toString()));
  expect(await once(status, 'close')).toEqual([1, null]);
  expect(errors).toBe('');
});
