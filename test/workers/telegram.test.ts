import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { type BotApi, startBotApi } from '../../cli/demo/bot-api/client.ts';
import { healthSchema } from '../../contracts/api.ts';
import { freePorts } from '../../cli/supervisor/ports.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const entry = fileURLToPath(new URL('../../workers/api.ts', import.meta.url));
const token = '7000000001:AAH-very-secret-token';
const ownerId = 4_711_000_123;
const patience = { timeout: 40_000, interval: 50 };

let database: TestDatabase;
let home: string;
let api: BotApi;

beforeAll(async () => {
  database = await createTestDatabase();
  home = mkdtempSync(join(tmpdir(), 'majordomo-telegram-'));
  await cp(join(inject('testHome'), 'keys'), join(home, 'keys'), { recursive: true });
  api = await startBotApi({ token, ownerId });
});
afterAll(async () => {
  await api.stop();
  await database.drop();
  rmSync(home, { recursive: true });
});

/** The api process, with everything logged that it can log. */
async function start(env: NodeJS.ProcessEnv) {
  const [port = 0] = await freePorts(1);
  const child = spawn(process.execPath, ['--import', 'tsx', entry], {
    env: {
      PATH: process.env['PATH'],
      DEBUG: '*',
      MAJORDOMO_LOG_LEVEL: 'trace',
      MAJORDOMO_HOME: home,
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      MAJORDOMO_PORT: String(port),
      MAJORDOMO_TELEGRAM_TOKEN: token,
      MAJORDOMO_TELEGRAM_OWNER_ID: String(ownerId),
      MAJORDOMO_TELEGRAM_API_ROOT: api.api,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'exit');
  const health = async () => {
    const response = await fetch(`http://127.0.0.1:${port}/health`).catch(() => undefined);
    return response && healthSchema.parse(await response.json()).services['telegram'];
  };
  return { child, ended, output: () => output, health };
}

describe('the api process with a bot', { timeout: 90_000 }, () => {
  it('takes messages, shows in health how Telegram is, and shows the token in no log at any level', async () => {
    const { child, ended, output, health } = await start({});
    await vi.waitFor(async () => expect((await api.state()).polled).toBe(true), patience);
    await vi.waitFor(async () => expect(await health()).toMatchObject({ status: 'healthy' }), patience);
    await api.write({ text: 'milk' });
    await vi.waitFor(async () => expect((await api.state()).pending).toBe(0), patience);
    await api.fault('getUpdates', { kind: 'answer', code: 502, description: `/bot${token}/getUpdates` });
    await api.fault('getUpdates', { kind: 'answer', code: 409 });
    await api.write({ text: 'eggs' });
    await vi.waitFor(() => expect(output()).toContain('Something else takes the updates'), patience);
    await vi.waitFor(async () => expect((await api.state()).pending).toBe(0), patience);
    await api.listen(false);
    await vi.waitFor(async () => expect(await health()).toMatchObject({ status: 'degraded' }), patience);
    const begun = Date.now();
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(Date.now() - begun).toBeLessThan(3_000);
    await api.listen(true);
    expect(output()).toContain('grammy:core Calling getUpdates');
    expect(output()).not.toContain('very-secret');
    expect(output()).not.toMatch(new RegExp(`${ownerId}|milk|eggs`, 'u'));
  });

  it.each([
    ['MAJORDOMO_TELEGRAM_OWNER_ID', { MAJORDOMO_TELEGRAM_OWNER_ID: '' }],
    [
      'MAJORDOMO_TELEGRAM_WEBHOOK_SECRET',
      { MAJORDOMO_TELEGRAM_MODE: 'webhook', MAJORDOMO_TELEGRAM_WEBHOOK_URL: 'https://house.example/t' },
    ],
  ])('does not start without %s', async (name, env) => {
    const { ended, output } = await start(env);
    expect((await ended)[0]).toBe(1);
    expect(output()).toContain(`${name} is missing`);
    expect(output()).not.toContain('very-secret');
  });
});
