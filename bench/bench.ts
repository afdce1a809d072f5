import { cpus, loadavg } from 'node:os';
import { loadKeyring } from '../adapters/keyring.ts';
import { dataConverter } from '../adapters/payload-codec.ts';
import { rolePassword } from '../adapters/role-password.ts';
import { connectTemporal } from '../adapters/temporal.ts';
import { workflowBundlePath } from '../workers/bundle.ts';
import { createBare } from './bare/client.ts';
import { openBenchDatabase } from './database.ts';
import { startDefaultServer } from './default-server.ts';
import { directPairs } from './direct.ts';
import { type BenchHouse, benchHouse, startBareWorker } from './house.ts';
import { evaluate, limits, mediansOf, type Result, rounded } from './report.ts';
import { createRounds } from './rounds.ts';
import { createStories } from './story.ts';
import { stopwatch } from './timing.ts';

export interface BenchOptions {
  /** Most rounds, and seconds after which no further one begins. */
  rounds: number;
  seconds: number;
  warmUp: number;
  /** Pairs of the variant that starts an item directly. */
  direct: number;
  /** Rounds on a server with its own defaults; 0 leaves that server out. */
  defaultRounds: number;
  /** Progress. */
  say: (line: string) => void;
}

type Cleanup = (work: () => Promise<unknown>) => void;

/** Runs everything and leaves nothing behind; `signal` ends it early. Throws what went wrong. */
export async function runBench(options: BenchOptions, signal: AbortSignal): Promise<Result> {
  const { say } = options;
  const started = stopwatch();
  await workflowBundlePath();
  const main = await withCleanup(signal, (cleanup) => measureHouse(options, cleanup));
  const defaults =
    options.defaultRounds === 0 ? null : await withCleanup(signal, (cleanup) => measureDefaults(options, cleanup));
  const seconds = rounded(started() / 1000);
  say(`Done after ${seconds.toFixed(0)} s`);
  return {
    ...main,
    limits,
    default_settings: defaults,
    conditions: { cpus: cpus().length, load_1m: rounded(loadavg()[0] ?? 0), node: process.version, seconds },
  };
}

/** Runs `work`, then what it asked to have cleaned up, the last first; also when the signal ends it. */
async function withCleanup<T>(signal: AbortSignal, work: (cleanup: Cleanup) => Promise<T>): Promise<T> {
  const cleanups: (() => Promise<unknown>)[] = [];
  const aborted = new Promise<never>((_, reject) => {
    if (signal.aborted) reject(new Error('It was stopped.'));
    signal.addEventListener('abort', () => reject(new Error('It was stopped.')), { once: true });
  });
  try {
    return await Promise.race([work((cleanup) => cleanups.push(cleanup)), aborted]);
  } finally {
    // One that fails keeps no other from being done.
    for (const cleanup of cleanups.toReversed()) await cleanup().catch((error: unknown) => console.error(error));
  }
}

async function measureHouse(options: BenchOptions, cleanup: Cleanup) {
  const { say, rounds: wanted, seconds, warmUp, direct } = options;
  const house = await benchHouse();
  cleanup(() => house.remove());
  say('Starting a house on an empty folder …');
  const cold = await house.start();
  await house.stop();
  say(`Cold start ${cold.toFixed(1)} s; starting it again …`);
  const warm = await house.start();
  const { rounds, client, bare, database } = await openRounds(house, cleanup);
  say(`Warm start ${warm.toFixed(1)} s; ${warmUp} rounds to warm up …`);
  const counted = await rounds.warmUp(warmUp);
  const measured = await rounds.measure({ rounds: wanted, seconds, counted }, tenths(say, wanted));
  const memory = await house.memory();
  const urlOf = await urlsOf(house);
  const pairs = direct === 0 ? [] : await directPairs(direct, { client, database, bare, urlOf });
  return {
    ...evaluate(measured, pairs),
    counted,
    start: { cold_s: rounded(cold), warm_s: rounded(warm) },
    rss_mb: memory,
  };
}

/** The same rounds in a house whose Temporal server has no settings of ours. */
async function measureDefaults({ say, defaultRounds, seconds }: BenchOptions, cleanup: Cleanup) {
  say('The same on a Temporal server with its own defaults …');
  const server = await startDefaultServer(say);
  cleanup(() => server.stop());
  const house = await benchHouse({ TEMPORAL_ADDRESS: server.address });
  cleanup(() => house.remove());
  await house.start();
  const { rounds } = await openRounds(house, cleanup);
  const counted = await rounds.warmUp(1);
  const measured = await rounds.measure({ rounds: defaultRounds, seconds, counted }, () => {});
  return { n: measured.length, medians_ms: mediansOf(measured) };
}

/** Connects to a house that runs and starts the bare worker beside it. */
async function openRounds(house: BenchHouse, cleanup: Cleanup) {
  const database = await openBenchDatabase(await house.ownerUrl());
  cleanup(() => database.close());
  const worker = await startBareWorker(house);
  cleanup(() => worker.stop());
  const { temporalAddress: address, namespace } = house;
  const converter = dataConverter(loadKeyring({ env: {}, home: house.home }));
  const temporal = await connectTemporal({ address, namespace, dataConverter: converter });
  cleanup(() => temporal.close());
  const { client } = temporal;
  const bare = createBare(client, database);
  const ownerId = await database.owner();
  const play = createStories({ api: house.api, key: await house.key(), ownerId, client, database });
  return { rounds: createRounds({ client, play, bare }), client, bare, database };
}

async function urlsOf(house: BenchHouse): Promise<(role: string) => string> {
  const url = new URL(await house.ownerUrl());
  const keyring = loadKeyring({ env: {}, home: house.home });
  return (role) => {
    Object.assign(url, { username: role, password: rolePassword(keyring, role) });
    return url.href;
  };
}

/** A line for every tenth of the rounds. */
function tenths(say: (line: string) => void, all: number): (done: number) => void {
  const step = Math.max(1, Math.round(all / 10));
  return (done) => {
    if (done % step === 0) say(`${done} of at most ${all} rounds`);
  };
}
