import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { migrationStatus } from '../adapters/migrations.ts';
import { connectTemporal, retentionDays } from '../adapters/temporal.ts';
import type { Config } from './config.ts';
import { reason } from './engines/engine.ts';
import { findEngine } from './engines/find.ts';
import { clusterMajor, ownerName } from './engines/postgres.ts';
import { migrationPlace } from './migrate.ts';
import { requireKeys, requireRoster, requireSettings } from './preflight.ts';
import { requireOk } from './services.ts';
import { houseFileOf, portsOf, apiAddress } from './supervisor/house.ts';
import { runningHouse } from './supervisor/lock.ts';
import { requireFreePorts } from './supervisor/ports.ts';

/** One thing the doctor looked at. */
export interface Finding {
  name: string;
  ok: boolean;
  /** What was found, or what is wrong and what to do. */
  detail: string;
}

export interface Examination {
  /** Throws when the environment cannot be used. */
  config: () => Config;
  env: NodeJS.ProcessEnv;
  say: (line: string) => void;
}

type Check = (examined: {
  config: Config;
  env: NodeJS.ProcessEnv;
  say: (line: string) => void;
  runs: boolean;
}) => Promise<string>;

/** Examines everything the house needs. Changes nothing, except that a missing engine is fetched. */
export async function examine({ config, env, say }: Examination): Promise<Finding[]> {
  const node = { name: 'node', ok: true, detail: process.version };
  let known: Config;
  try {
    known = config();
  } catch (error) {
    return [node, { name: 'settings', ok: false, detail: reasonOf(error) }];
  }
  const examined = { config: known, env, say, runs: runningHouse(houseFileOf(known)) !== undefined };
  const findings = [node];
  for (const [name, check] of Object.entries(checks)) {
    const finding = await check(examined).then(
      (detail) => ({ name, ok: true, detail }),
      (error: unknown) => ({ name, ok: false, detail: `${reasonOf(error)} ${advice[name] ?? ''}`.trim() }),
    );
    findings.push(finding);
  }
  return findings;
}

/** What to do about what the error itself leaves open. */
const advice: Record<string, string> = {
  temporal: 'Check TEMPORAL_ADDRESS, or see logs/temporal.log in the state folder.',
  database: 'Check DATABASE_URL, or see logs/postgres.log in the state folder.',
  migrations: 'Use the files of the version that ran last, or restore the database.',
  api: 'See logs/api.log in the state folder.',
};

const checks: Record<string, Check> = {
  settings: async ({ config, env }) => {
    requireSettings(config, env);
    return `state folder ${config.home.root}`;
  },
  engines: async ({ config, env, say }) => {
    const search = { cacheDir: config.home.engines, env, say };
    const dataMajor = await clusterMajor(config.home.postgres);
    const found: string[] = [];
    if (config.databaseUrl === undefined) found.push((await findEngine('postgres', { ...search, dataMajor })).version);
    if (config.temporalAddress === undefined) found.push((await findEngine('temporal', search)).version);
    return found.length > 0 ? found.join(', ') : 'both are given by the environment';
  },
  ports: async ({ config, runs }) => {
    const wanted = portsOf(config);
    if (!runs) await requireFreePorts(wanted, config.host);
    return `${wanted.map(({ port }) => port).join(', ')} ${runs ? 'in use by the running house' : 'free'}`;
  },
  temporal: async ({ config, runs }) => {
    if (!runs && config.temporalAddress === undefined) return 'starts with the house';
    const address = config.temporalAddress ?? `127.0.0.1:${config.ports.temporal}`;
    const temporal = await connectTemporal({ address, namespace: config.temporalNamespace });
    try {
      return `${address} answers, history is kept for ${await retentionDays(temporal)} days`;
    } finally {
      await temporal.close();
    }
  },
  database: async (examined) => {
    const ownerUrl = await ownerUrlOf(examined.config, examined.runs);
    if (ownerUrl === undefined) return 'starts with the house';
    await migrationStatus(migrationPlace(ownerUrl, examined.env));
    return `${new URL(ownerUrl).host} answers`;
  },
  migrations: async ({ config, env, runs }) => {
    const ownerUrl = await ownerUrlOf(config, runs);
    if (ownerUrl === undefined) return 'applied when the house starts';
    const { applied, pending, problems } = await migrationStatus(migrationPlace(ownerUrl, env));
    if (problems.length > 0) throw new Error(problems.join(' '));
    return `${applied.length} applied, ${pending.length} waiting for the next start`;
  },
  keys: async ({ config, env }) => {
    const keyring = await requireKeys(config, env);
    if (keyring === undefined) return 'made at the first start';
    const place = env['MAJORDOMO_KEYS'] ? 'from MAJORDOMO_KEYS' : join(config.home.keys, 'keyring.json');
    return `${place}, current ${keyring.current}`;
  },
  model: async ({ config }) => config.model,
  channels: async ({ config, env }) => {
    const butlers = requireRoster(env);
    return `${config.channels.join(', ')}; butlers ${butlers.map(({ name }) => name).join(', ')}`;
  },
  api: async ({ config, runs }) => {
    if (!runs) return 'starts with the house';
    await requireOk(`${apiAddress(config)}/api/v1/ready`);
    return `${apiAddress(config)} is ready`;
  },
};

/** The owner's URL when a database can be asked now: the given one, or that of the running house. */
async function ownerUrlOf(config: Config, runs: boolean): Promise<string | undefined> {
  if (config.databaseUrl !== undefined || !runs) return config.databaseUrl;
  const password = (await readFile(join(config.home.keys, 'postgres.password'), 'utf8')).trim();
  return `postgres://${ownerName}:${password}@127.0.0.1:${config.ports.postgres}/${ownerName}`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : reason(error);
}
