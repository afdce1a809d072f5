import { cp, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';
import { portSettings } from '../../cli/config.ts';
import { isSame } from '../../cli/supervisor/identity.mjs';
import { readHouse } from '../../cli/supervisor/lock.ts';
import type { HouseRecord } from '../../cli/supervisor/lock.ts';
import { freePorts } from '../../cli/supervisor/ports.ts';
import { runCommand } from '../support/command.ts';
import type { RunningCommand } from '../support/command.ts';
import { createTestDatabase } from '../support/database.ts';
import { enginesFolder } from '../support/engines.ts';

const statusShape = z.object({
  processes: z.array(z.object({ name: z.string(), running: z.boolean(), memoryMiB: z.number() })),
});
const upText = 'Majordomo is up';
const fixture = 'test/support/fixture-house.ts';
const bootstrap = 'cli/bootstrap.mjs';
let home: string;
let env: NodeJS.ProcessEnv;
let house: RunningCommand | undefined;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'majordomo-house-'));
  const [worker, ...ports] = await freePorts(7);
  env = {
    MAJORDOMO_HOME: home,
    MAJORDOMO_ENGINES: enginesFolder(),
    FIXTURE_WORKER_PORT: String(worker),
    NO_COLOR: '1',
  };
  for (const [index, setting] of Object.values(portSettings).entries()) env[setting] = String(ports[index]);
});

afterAll(async () => {
  house?.kill('SIGTERM');
  await house?.ended;
  await rm(home, { recursive: true, force: true });
});

function record(): HouseRecord {
  const found = readHouse(join(home, 'run', 'house.json'));
  if (found === undefined) throw new Error('There is no running house.');
  return found;
}

function childOf(name: string): HouseRecord['children'][number] {
  const found = record().children.find((child) => child.name === name);
  if (found === undefined) throw new Error(`${name} does not run.`);
  return found;
}

async function startHouse(): Promise<RunningCommand> {
  const started = runCommand(fixture, [], env);
  house = started;
  await started.says(upText);
  return started;
}

async function command(...args: string[]): Promise<{ code: number | string; output: string }> {
  const ran = runCommand(bootstrap, args, env);
  return { code: await ran.ended, output: ran.output() };
}

describe('one supervisor for the whole house', { timeout: 60_000 }, () => {
  test('a taken port is said with the setting that changes it', async () => {
    const squatter = createServer().listen(Number(env['MAJORDOMO_TEMPORAL_METRICS_PORT']), '127.0.0.1');
    const { code, output } = await command('up');
    squatter.close();
    expect(code).toBe(1);
    expect(output).toContain('set MAJORDOMO_TEMPORAL_METRICS_PORT');
  });

  test('everything starts, and a second start on the same state folder is refused', async () => {
    await startHouse();
    expect(record().children.map(({ name }) => name)).toEqual(['api', 'worker', 'temporal', 'postgres']);
    const second = await command('up');
    expect(second.code).toBe(1);
    expect(second.output).toContain('already runs on this state folder');
    expect(isSame(record().supervisor)).toBe(true);
  });

  test('status shows every process with its memory', async () => {
    const { output } = await command('status', '--json');
    const status = statusShape.parse(JSON.parse(output));
    expect(status.processes.map(({ name }) => name)).toEqual(['supervisor', 'postgres', 'temporal', 'worker', 'api']);
    expect(status.processes.every(({ running, memoryMiB }) => running && memoryMiB > 5)).toBe(true);
  });

  test.each(['worker', 'api', 'temporal', 'postgres'])('%s comes back after SIGKILL', async (name) => {
    const before = childOf(name);
    process.kill(before.pid, 'SIGKILL');
    await house?.says(`${name} serves again`);
    expect(childOf(name).pid).not.toBe(before.pid);
  });

  test('the guard stops everything when the supervisor is killed', async () => {
    const { children } = record();
    house?.kill('SIGKILL');
    await expect.poll(() => children.filter(isSame), { timeout: 10_000 }).toEqual([]);
  });

  test('what a killed supervisor and a killed guard left is stopped before the next start', async () => {
    const killed = await startHouse();
    const left = record();
    process.kill(left.guardPid, 'SIGKILL');
    killed.kill('SIGKILL');
    await killed.ended;
    const again = await startHouse();
    expect(again.output()).toContain('Stopping what an earlier start left');
    expect(left.children.filter(isSame)).toEqual([]);
  });

  test('Ctrl-C stops in order within 10 s and frees the state folder', async () => {
    const { children } = record();
    const gone: string[] = [];
    const begun = Date.now();
    house?.kill('SIGINT');
    await expect
      .poll(
        () => {
          for (const child of children) if (!gone.includes(child.name) && !isSame(child)) gone.push(child.name);
          return gone.length;
        },
        { timeout: 10_000, interval: 5 },
      )
      .toBe(4);
    expect(gone).toEqual(['api', 'worker', 'temporal', 'postgres']);
    expect(await house?.ended).toBe(0);
    expect(Date.now() - begun).toBeLessThan(10_000);
    expect(readHouse(join(home, 'run', 'house.json'))).toBeUndefined();
  });

  test('down stops a running house', async () => {
    const started = await startHouse();
    expect(await command('down')).toMatchObject({ code: 0, output: 'The house is stopped.\n' });
    expect(await started.ended).toBe(0);
    expect((await command('down')).output).toContain('does not run');
  });
});

describe('a given database and a given Temporal', () => {
  test('are used, and nothing of that kind is started', { timeout: 60_000 }, async () => {
    const database = await createTestDatabase();
    const given = await mkdtemp(join(tmpdir(), 'majordomo-given-'));
    const theirs = {
      MAJORDOMO_HOME: given,
      DATABASE_URL: database.ownerUrl,
      TEMPORAL_ADDRESS: inject('temporalAddress'),
    };
    // The keys that the roles' passwords in this cluster were derived from.
    await cp(join(inject('testHome'), 'keys'), join(given, 'keys'), { recursive: true });
    const started = runCommand(fixture, [], { ...env, ...theirs });
    await started.says(upText);
    expect(readHouse(join(given, 'run', 'house.json'))?.children.map(({ name }) => name)).toEqual(['api', 'worker']);
    started.kill('SIGTERM');
    expect(await started.ended).toBe(0);
    await Promise.all([database.drop(), rm(given, { recursive: true })]);
  });
});
