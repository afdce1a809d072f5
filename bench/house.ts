import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import { firstKeyPath } from '../adapters/first-key.ts';
import { demoHouse, type DemoHouse } from '../cli/demo/house.ts';
import { ownerName } from '../cli/engines/postgres.ts';
import { apiAddress } from '../cli/supervisor/house.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const statusShape = z.object({ processes: z.array(z.object({ name: z.string(), memoryMiB: z.number() })) });

/** A house as its owner runs it: each part is a process, in a state folder of its own that goes with it. */
export interface BenchHouse {
  start: () => Promise<number>;
  stop: () => Promise<void>;
  /** Stops it and removes its folder. */
  remove: () => Promise<void>;
  /** Resident MiB by process, as `majordomo status` counts. */
  memory: () => Promise<Record<string, number>>;
  temporalAddress: string;
  namespace: string;
  home: string;
  /** Of the database's owner, with his password. */
  ownerUrl: () => Promise<string>;
  api: string;
  key: () => Promise<string>;
  env: NodeJS.ProcessEnv;
}

/** Requests per minute that the doors let through: a benchmark is not a flood. */
const unlimited = { MAJORDOMO_QUERIES_PER_MINUTE: '1000000', MAJORDOMO_REQUESTS_PER_MINUTE: '1000000' };

/** Prepares a house; `own` adds to its environment. Nothing runs before `start`, which resolves with its seconds. */
export async function benchHouse(own: NodeJS.ProcessEnv = {}): Promise<BenchHouse> {
  const { config, env }: DemoHouse = await demoHouse(process.env, { ...unlimited, NO_COLOR: '1', ...own });
  const { home, ports } = config;
  let running: Running | undefined;
  const stop = async () => {
    await running?.stop();
    running = undefined;
  };
  return {
    async start() {
      const begun = performance.now();
      running = launch(['cli/bootstrap.mjs', 'up'], env);
      await running.says('Majordomo is up');
      return (performance.now() - begun) / 1000;
    },
    stop,
    async remove() {
      await stop();
      await rm(home.root, { recursive: true, force: true });
    },
    async memory() {
      const status = ['cli/bootstrap.mjs', 'status', '--json'];
      const { stdout } = await promisify(execFile)(process.execPath, status, { cwd: root, env });
      const { processes } = statusShape.parse(JSON.parse(stdout));
      return Object.fromEntries(processes.map(({ name, memoryMiB }) => [name, memoryMiB]));
    },
    temporalAddress: config.temporalAddress ?? `127.0.0.1:${ports.temporal}`,
    namespace: config.temporalNamespace,
    home: home.root,
    async ownerUrl() {
      const password = (await readFile(join(home.keys, 'postgres.password'), 'utf8')).trim();
      return `postgres://${ownerName}:${password}@127.0.0.1:${ports.postgres}/${ownerName}`;
    },
    api: apiAddress(config),
    key: async () => (await readFile(firstKeyPath(home.root), 'utf8')).trim(),
    env,
  };
}

/** The bare worker beside a house that runs; resolves when it polls. */
export async function startBareWorker(house: BenchHouse): Promise<Running> {
  const url = new URL(await house.ownerUrl());
  Object.assign(url, { username: '', password: '' });
  const worker = launch(['--import', 'tsx', 'bench/bare/worker.ts'], {
    ...house.env,
    DATABASE_URL: url.href,
    TEMPORAL_ADDRESS: house.temporalAddress,
    TEMPORAL_NAMESPACE: house.namespace,
    MAJORDOMO_SUPERVISED: '1',
  });
  await worker.says('The bare worker polls');
  return worker;
}

/** A process that we started. */
export interface Running {
  pid: number;
  /** Resolves when its output has the text; rejects with the output when it ends first. */
  says: (text: string) => Promise<void>;
  /** Rejects with the output when it ends. */
  ended: Promise<never>;
  stop: () => Promise<void>;
}

/** Starts a process whose stdin ends with us: a supervised one stops then, also when we are killed. */
export function launch(args: string[], env: NodeJS.ProcessEnv, command: string = process.execPath): Running {
  const child = spawn(command, args, { cwd: root, env, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then((): never => {
    throw new Error(`${args.join(' ')} ended:\n${output}`);
  });
  ended.catch(() => {});
  const said = async (text: string) => {
    while (!output.includes(text)) await Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data')]);
  };
  return {
    pid: child.pid ?? 0,
    says: (text) => Promise.race([said(text), ended]),
    ended,
    stop: () => stopped(child),
  };
}

async function stopped(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'close');
  child.kill('SIGTERM');
  await closed;
}
