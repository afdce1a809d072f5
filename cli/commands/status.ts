import { setTimeout as wait } from 'node:timers/promises';
import { houseFileOf } from '../supervisor/house.ts';
import { isSame } from '../supervisor/identity.mjs';
import { runningHouse } from '../supervisor/lock.ts';
import { residentMemory } from '../supervisor/memory.ts';
import { type Command, WrongUsage } from './command.ts';

const pollMs = 200;
/** Milliseconds for the API to say how it is: it gives each part 2 s. */
const healthMs = 5_000;

interface Part {
  name: string;
  pid: number;
  running: boolean;
  /** Resident, with its own helpers. */
  memoryMiB: number;
}

export const statusCommand: Command = {
  name: 'status',
  summary: 'show the processes, addresses, memory and health of the running house',
  flags: [
    ['--json', 'answer with one JSON object'],
    ['--wait <seconds>', 'until it is healthy, at most so long'],
  ],
  run: async ({ config, out }, { flags }) => {
    const health = await healthWithin(houseFileOf(config()), secondsIn(flags['wait'] ?? '0'));
    const house = runningHouse(houseFileOf(config()));
    if (house === undefined) {
      out(flags['json'] ? JSON.stringify({ running: false }) : 'The house does not run. Start it with: npm start');
      return 1;
    }
    const processes = house.children.toReversed();
    const memory = residentMemory([house.supervisor.pid, ...processes.map(({ pid }) => pid)]);
    const parts: Part[] = [{ ...house.supervisor, name: 'supervisor' }, ...processes].map((one) => ({
      name: one.name,
      pid: one.pid,
      running: isSame(one),
      memoryMiB: memory.get(one.pid) ?? 0,
    }));
    if (flags['json']) out(JSON.stringify({ running: true, health, addresses: house.addresses, processes: parts }));
    else for (const line of table(parts, health, house.addresses)) out(line);
    return health === 'healthy' && parts.every((part) => part.running) ? 0 : 1;
  },
};

/** What `--wait` says. Throws WrongUsage. */
function secondsIn(given: unknown): number {
  if (!/^\d+$/.test(String(given))) throw new WrongUsage('--wait is a whole number of seconds, such as 180.');
  return Number(given);
}

/** The health of the house: at once when it is healthy, else what it was when the seconds were over. */
async function healthWithin(file: string, seconds: number): Promise<string> {
  const deadline = Date.now() + seconds * 1000;
  for (;;) {
    const health = await healthOf(runningHouse(file)?.addresses['api']);
    if (health === 'healthy' || Date.now() >= deadline) return health;
    await wait(pollMs);
  }
}

/** The word that the API says about itself; `unreachable` when it does not answer. */
async function healthOf(api: string | undefined): Promise<string> {
  try {
    // A house that is unhealthy says so with 503.
    const response = await fetch(`${api}/api/v1/health`, { signal: AbortSignal.timeout(healthMs) });
    const body: unknown = await response.json();
    return typeof body === 'object' && body !== null && 'status' in body ? String(body.status) : 'unknown';
  } catch {
    return 'unreachable';
  }
}

function table(parts: Part[], health: string, addresses: Record<string, string>): string[] {
  const total = parts.reduce((sum, part) => sum + part.memoryMiB, 0);
  return [
    ...parts.map(({ name, pid, running, memoryMiB }) => {
      const state = running ? 'running' : 'ended';
      return `${name.padEnd(11)} ${state.padEnd(8)} pid ${String(pid).padEnd(8)} ${String(memoryMiB).padStart(5)} MiB`;
    }),
    `memory      ${total} MiB`,
    `health      ${health}`,
    ...Object.entries(addresses).map(([name, address]) => `${name.padEnd(11)} ${address}`),
  ];
}
