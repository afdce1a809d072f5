import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { freePorts } from '../../cli/supervisor/ports.ts';
import { createTestDatabase, type TestDatabase } from '../support/database.ts';

const entry = fileURLToPath(new URL('../../workers/api.ts', import.meta.url));
let database: TestDatabase;
let home: string;
let port: number;
const started: ChildProcess[] = [];

beforeAll(async () => {
  database = await createTestDatabase();
  home = mkdtempSync(join(tmpdir(), 'majordomo-api-'));
  await cp(join(inject('testHome'), 'keys'), join(home, 'keys'), { recursive: true });
  [port = 0] = await freePorts(1);
});
afterAll(async () => {
  for (const child of started) child.kill('SIGKILL');
  await database.drop();
  rmSync(home, { recursive: true });
});

async function start(): Promise<{ child: ChildProcess; ended: Promise<unknown[]>; output: () => string }> {
  const { PATH } = process.env;
  const child = spawn(process.execPath, ['--import', 'tsx', entry], {
    env: {
      PATH,
      MAJORDOMO_HOME: home,
      DATABASE_URL: database.url,
      TEMPORAL_ADDRESS: inject('temporalAddress'),
      MAJORDOMO_PORT: String(port),
      MAJORDOMO_SUPERVISED: '1',
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  started.push(child);
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'exit');
  await vi.waitFor(
    async () => {
      expect((await fetch(`http://127.0.0.1:${port}/api/v1/live`)).status).toBe(200);
    },
    { timeout: 60_000, interval: 50 },
  );
  return { child, ended, output: () => output };
}

/** What a server answers to bytes that are no request of a well-behaved client. */
async function raw(request: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  let answer = '';
  socket.on('data', (chunk) => (answer += chunk.toString()));
  socket.end(request);
  await once(socket, 'close');
  return answer;
}

describe('the api process', () => {
  it('makes the first key, serves with it, and ends at SIGTERM', async () => {
    const { child, ended, output } = await start();
    const key = readFileSync(join(home, 'keys', 'api.key'), 'utf8').trim();
    const get = (path: string, headers: Record<string, string>) =>
      fetch(`http://127.0.0.1:${port}${path}`, { headers });
    expect((await get('/api/v1/pipelines', { 'x-api-key': key })).status).toBe(200);
    expect((await get('/api/v1/pipelines', { authorization: `Bearer ${key}` })).status).toBe(200);
    expect((await get('/api/v1/pipelines', {})).status).toBe(401);
    expect(await raw('GET /health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n')).toContain(
      '/problems/foreign-host',
    );
    expect(await raw('GET /health HTTP/1.1\r\nHost: a b\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/);
    expect(await raw('nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400/);
    child.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    expect(output()).not.toContain(key);
  });

  it('ends when its supervisor is gone', async () => {
    const { child, ended } = await start();
    child.stdin?.end();
    expect(await ended).toEqual([0, null]);
  });

  it('says what is wrong with its environment, all at once', async () => {
    const child = spawn(process.execPath, ['--import', 'tsx', entry], {
      env: { PATH: process.env['PATH'] },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    started.push(child);
    let output = '';
    child.stderr.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code] = await once(child, 'exit');
    expect(code).not.toBe(0);
    for (const name of ['MAJORDOMO_HOME', 'DATABASE_URL', 'TEMPORAL_ADDRESS']) expect(output).toContain(name);
  });
});
