import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadKeyring } from '../../adapters/keyring.ts';
import { connectPostgres } from '../../adapters/postgres.ts';
import { rolePassword } from '../../adapters/role-password.ts';
import { portSettings } from '../../cli/config.ts';
import { readHouse } from '../../cli/supervisor/lock.ts';
import { freePorts } from '../../cli/supervisor/ports.ts';
import { type RunningCommand, runCommand } from './command.ts';
import { enginesFolder } from './engines.ts';

/** What can be killed of a house. */
export type Part = 'worker' | 'api' | 'temporal' | 'postgres' | 'supervisor';
export const parts: readonly Part[] = ['worker', 'api', 'temporal', 'postgres', 'supervisor'];

/** Far above what a test asks for. */
const limits = { MAJORDOMO_QUERIES_PER_MINUTE: '100000', MAJORDOMO_REQUESTS_PER_MINUTE: '100000' };

/**
 * A whole house as `majordomo up` starts it, in a state folder of its own unless `env` names one. `env` goes on top of its
 * ports.
 */
export async function runHouse(env: NodeJS.ProcessEnv) {
  const home = env['MAJORDOMO_HOME'] ?? (await mkdtemp(join(tmpdir(), 'majordomo-running-')));
  const ports = await freePorts(Object.keys(portSettings).length);
  const settings = Object.fromEntries(Object.values(portSettings).map((name, index) => [name, String(ports[index])]));
  const all: NodeJS.ProcessEnv = {
    MAJORDOMO_HOME: home,
    MAJORDOMO_ENGINES: enginesFolder(),
    NO_COLOR: '1',
    ...limits,
    ...settings,
    ...env,
  };
  let command: RunningCommand;
  const url = `http://127.0.0.1:${settings[portSettings.api]}`;

  async function start(): Promise<void> {
    command = runCommand('cli/bootstrap.mjs', ['up'], all);
    try {
      await command.says('Majordomo is up');
    } catch (error) {
      command.kill('SIGTERM');
      await command.ended;
      throw error;
    }
  }
  await start();
  const key = (await readFile(join(home, 'keys', 'api.key'), 'utf8')).trim();
  const keyring = loadKeyring({ env: {}, home });
  const core = connectPostgres({
    url: `postgres://127.0.0.1:${settings[portSettings.postgres]}/majordomo`,
    env: {},
    role: 'majordomo_core',
    password: rolePassword(keyring, 'majordomo_core'),
  });

  function pidOf(part: Part): number {
    const record = readHouse(join(home, 'run', 'house.json'));
    const pid =
      part === 'supervisor' ? record?.supervisor.pid : record?.children.find(({ name }) => name === part)?.pid;
    if (pid === undefined) {
      throw new Error(`${part} does not run.`);
    }
    return pid;
  }

  return {
    home,
    /** Everything that the supervisor wrote. */
    output: () => command.output(),
    core,
    url,
    key,
    keyring,
    /** What its processes and commands get besides PATH and HOME. */
    env: all,
    temporalAddress: `127.0.0.1:${settings[portSettings.temporal]}`,
    pidOf,
    /** A call of the API; the body is sent as JSON. Rejects on anything but a success. */
    async call<Answer>(path: string, body?: object): Promise<Answer> {
      const response = await fetch(`${url}/api/v1${path}`, {
        method: body === undefined ? 'GET' : 'POST',
        headers: { 'x-api-key': key, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(10_000),
      });
      const text = await response.text();
      if (!response.ok) {
        throw new Error(`${path}: ${response.status} ${text}`);
      }
      return JSON.parse(text);
    },
    /** SIGKILL, all at once. A supervisor that was killed is started again. */
    async kill(targets: readonly Part[]): Promise<void> {
      for (const pid of targets.map(pidOf)) {
        process.kill(pid, 'SIGKILL');
      }
      if (targets.includes('supervisor')) {
        await command.ended;
        await start();
      }
    },
    /** SIGKILL of all of it at once, guard included; then its folder is gone. */
    async destroy(): Promise<void> {
      const record = readHouse(join(home, 'run', 'house.json'));
      const pids = [record?.supervisor.pid, record?.guardPid, ...(record?.children ?? []).map(({ pid }) => pid)];
      for (const pid of pids) if (pid !== undefined) process.kill(pid, 'SIGKILL');
      await core.close();
      await command.ended;
      await rm(home, { recursive: true, force: true, maxRetries: 20 });
    },
    async stop(): Promise<void> {
      await core.close();
      command.kill('SIGTERM');
      await command.ended;
      await rm(home, { recursive: true, force: true });
    },
  };
}

export type RunningHouse = Awaited<ReturnType<typeof runHouse>>;
