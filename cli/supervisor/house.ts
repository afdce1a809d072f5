import { join } from 'node:path';
import { connectTemporal, prepareNamespace } from '../../adapters/temporal.ts';
import { loadKeyring } from '../../adapters/keyring.ts';
import { historyRetentionDays } from '../../contracts/defaults.ts';
import { searchAttributes } from '../../contracts/names.ts';
import { settleRestore } from '../backup/settle.ts';
import { portSettings } from '../config.ts';
import type { Config } from '../config.ts';
import { webUiPath } from '../../contracts/web-ui.ts';
import { findEngine } from '../engines/find.ts';
import { clusterMajor, ensureDatabase, preparePostgres } from '../engines/postgres.ts';
import { prepareTemporal } from '../engines/temporal.ts';
import { obstacleAt, uiPlace } from '../engines/ui-place.ts';
import type { UiPlace } from '../engines/ui-place.ts';
import { makeHome } from '../home.ts';
import { migrateHouse } from '../migrate.ts';
import { preflight } from '../preflight.ts';
import type { ChildSpec } from './child.ts';
import { createCrew } from './crew.ts';
import type { Crew, CrewOptions } from './crew.ts';
import { stopAll } from './guard.ts';
import type { Stoppable } from './guard.ts';
import { takeHouse } from './lock.ts';
import type { HouseLock } from './lock.ts';
import { keepLogsSmall } from './logs.ts';
import { requireFreePorts } from './ports.ts';
import type { WantedPort } from './ports.ts';

/** What worker and api are told; `databaseUrl` carries no credentials. */
export interface ServiceContext {
  config: Config;
  env: NodeJS.ProcessEnv;
  databaseUrl: string;
  temporalAddress: string;
  /** Address of Temporal's UI server; undefined when there is none. */
  webUi: string | undefined;
}

export interface HouseOptions {
  config: Config;
  env: NodeJS.ProcessEnv;
  say: (line: string) => void;
  /** The children after Postgres and Temporal, in start order. */
  services: (context: ServiceContext) => ChildSpec[];
  /** How long a child that ended is waited for; by default longer each time. */
  backoff?: CrewOptions['backoff'];
}

/** A supervised house that is starting, running or stopping. */
export interface House {
  /** Resolves when everything serves; rejects with the first thing that failed, or when `stop` came first. */
  started: Promise<void>;
  /** Stops everything in order, within 10 s, and gives the state folder free. Safe to call twice. */
  stop: () => Promise<void>;
}

/** File in `run/` that is lock and description of a running house. */
export function houseFileOf(config: Config): string {
  return join(config.home.run, 'house.json');
}

/** Takes the state folder and starts everything in it. Throws AlreadyRunning before anything is touched. */
export async function openHouse(options: HouseOptions): Promise<House> {
  const { config, say } = options;
  await makeHome(config.home, { say });
  const lock = takeHouse(houseFileOf(config));
  const addresses = addressesOf(config);
  const note = (children: Stoppable[]) => lock.update({ children, guardPid: crew.guardPid(), addresses });
  const { backoff } = options;
  const crew = createCrew({ logs: config.home.logs, say, changed: note, ...(backoff && { backoff }) });
  note(lock.leftovers);
  const leaveLogs = keepLogsSmall(config.home.logs, config.logs, say);
  const started = start(options, lock, crew);
  let stopping: Promise<void> | undefined;
  const stopAndFree = async () => {
    try {
      await crew.stop();
      // An interrupted start may still be making the database cluster: the folder is free when that has ended too.
      await Promise.allSettled([started]);
    } finally {
      leaveLogs();
      lock.release();
    }
  };
  return { started, stop: () => (stopping ??= stopAndFree()) };
}

async function start(options: HouseOptions, lock: HouseLock, crew: Crew): Promise<void> {
  const { config, env, say } = options;
  if (lock.leftovers.length > 0) {
    say(`Stopping what an earlier start left: ${lock.leftovers.map(({ name, pid }) => `${name} (${pid})`).join(', ')}`);
    await stopAll(lock.leftovers);
  }
  await requireFreePorts(portsOf(config));
  await preflight(config, env);
  const ui = await uiPlaceOf(options);
  const { postgres, temporal } = await engineChildren(options, ui);
  await Promise.all([postgres && crew.start(postgres.spec), temporal && crew.start(temporal)]);
  const ownerUrl = postgres?.ownerUrl ?? config.databaseUrl ?? '';
  const temporalAddress = config.temporalAddress ?? `127.0.0.1:${config.ports.temporal}`;
  await Promise.all([
    prepareDatabase(ownerUrl, postgres !== undefined, options),
    prepareTemporalNamespace(temporalAddress, config.temporalNamespace),
  ]);
  await settleRestore({
    home: config.home.root,
    env,
    keyring: loadKeyring({ env, home: config.home.root }),
    databaseUrl: ownerUrl,
    temporalAddress,
    temporalNamespace: config.temporalNamespace,
    say,
  });
  const webUi = ui === undefined ? env['TEMPORAL_UI_URL'] || undefined : `http://${ui.address}:${ui.port}`;
  const databaseUrl = withoutCredentials(ownerUrl);
  const services = options.services({ config, env, databaseUrl, temporalAddress, webUi });
  await Promise.all(services.map((spec) => crew.start(spec)));
}

/** Where our UI server is to listen; undefined when Temporal is not ours, or this machine has no such address. */
async function uiPlaceOf({ config, env, say }: HouseOptions): Promise<UiPlace | undefined> {
  if (config.temporalAddress !== undefined) return undefined;
  const place = uiPlace(loadKeyring({ env, home: config.home.root }));
  const obstacle = await obstacleAt(place);
  if (obstacle !== undefined) say(`Temporal's Web UI stays off: ${obstacle}`);
  return obstacle === undefined ? place : undefined;
}

/** Finds the engines one after the other: each shows its progress on the terminal. */
async function engineChildren({ config, env, say }: HouseOptions, ui: UiPlace | undefined) {
  const { home, ports } = config;
  const search = { cacheDir: home.engines, env, say };
  const temporal =
    config.temporalAddress === undefined
      ? prepareTemporal({
          engine: await findEngine('temporal', search),
          dbFile: join(home.temporal, 'temporal.db'),
          ports: { grpc: ports.temporal, http: ports.temporalHttp, metrics: ports.temporalMetrics },
          ui,
        })
      : undefined;
  const postgres =
    config.databaseUrl === undefined
      ? await preparePostgres({
          engine: await findEngine('postgres', { ...search, dataMajor: await clusterMajor(home.postgres) }),
          dataDir: home.postgres,
          passwordFile: join(home.keys, 'postgres.password'),
          port: ports.postgres,
          say,
        })
      : undefined;
  return { postgres, temporal };
}

/** Applies the migrations to a database, which is made first when it is `ours`. */
export async function prepareDatabase(
  ownerUrl: string,
  isOurs: boolean,
  { config, env, say }: Pick<HouseOptions, 'config' | 'env' | 'say'>,
): Promise<void> {
  if (isOurs) await ensureDatabase(ownerUrl);
  const keyring = loadKeyring({ env, home: config.home.root });
  const applied = await migrateHouse({ ownerUrl, env, keyring, say: () => {} });
  if (applied.length > 0) say(`Applied ${applied.length} migrations`);
}

/** Makes a namespace what the house needs: retention and search attributes. */
export async function prepareTemporalNamespace(address: string, namespace: string): Promise<void> {
  const connection = await connectTemporal({ address, namespace });
  try {
    await prepareNamespace(connection, { retentionDays: historyRetentionDays, searchAttributes });
  } finally {
    await connection.close();
  }
}

/** The ports that this configuration makes us listen on. */
export function portsOf({ ports, databaseUrl, temporalAddress }: Config): WantedPort[] {
  const uses = new Map<keyof Config['ports'], string>([['api', 'API']]);
  if (databaseUrl === undefined) uses.set('postgres', 'Postgres');
  if (temporalAddress === undefined) {
    uses.set('temporal', 'Temporal').set('temporalHttp', 'Temporal HTTP API');
    uses.set('temporalMetrics', 'Temporal metrics');
  }
  return [...uses].map(([key, use]) => ({ port: ports[key], use, setting: portSettings[key] }));
}

/** URL of the API without a slash at the end. */
export function apiAddress({ host, ports }: Config): string {
  const reached = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${ports.api}`;
}

/** Where the parts are reached; no credentials in it. */
export function addressesOf(config: Config): Record<string, string> {
  const { ports } = config;
  const api = apiAddress(config);
  return {
    api,
    docs: `${api}/docs`,
    webUi: `${api}${webUiPath}`,
    temporal: config.temporalAddress ?? `127.0.0.1:${ports.temporal}`,
    postgres: config.databaseUrl === undefined ? `127.0.0.1:${ports.postgres}` : new URL(config.databaseUrl).host,
  };
}

function withoutCredentials(address: string): string {
  const url = new URL(address);
  Object.assign(url, { username: '', password: '' });
  for (const parameter of ['user', 'password']) url.searchParams.delete(parameter);
  return url.href;
}
