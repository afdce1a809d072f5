import { rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { migrationStatus } from '../../adapters/migrations.ts';
import type { Config } from '../config.ts';
import { findEngine } from '../engines/find.ts';
import { clusterMajor, ownerName, preparePostgres } from '../engines/postgres.ts';
import { migrationPlace } from '../migrate.ts';
import { createCrew } from '../supervisor/crew.ts';
import { mebibytes, run } from './files.ts';
import type { Still } from './standing.ts';

export interface PostgresCopy {
  config: Config;
  env: NodeJS.ProcessEnv;
  say: (line: string) => void;
  still: Still;
  /** Folder that gets base.tar and pg_wal.tar. */
  to: string;
  /** MiB a second. */
  rate?: number | undefined;
  signal: AbortSignal;
}

const saySeconds = 5;

/** Takes a base backup of the embedded cluster, which is started for it when the house does not run. */
export async function copyPostgres(options: PostgresCopy): Promise<{ major: number; migrations: string[] }> {
  const { config, env, say, still } = options;
  const { home, ports } = config;
  const major = (await clusterMajor(home.postgres)) ?? 0;
  const engine = await findEngine('postgres', { cacheDir: home.engines, env, say, dataMajor: major });
  const prepared = await preparePostgres({
    engine,
    dataDir: home.postgres,
    passwordFile: join(home.keys, 'postgres.password'),
    port: still.postgresPort ?? ports.postgres,
    say,
  });
  const crew = still.temporal === undefined ? createCrew({ logs: home.logs, say: () => {} }) : undefined;
  try {
    await crew?.start(prepared.spec);
    const { applied } = await migrationStatus(migrationPlace(prepared.ownerUrl, env));
    await baseBackup(join(engine.bin, 'pg_basebackup'), prepared.ownerUrl, options);
    return { major, migrations: applied };
  } finally {
    await crew?.stop();
  }
}

/** The write-ahead log is streamed beside it, so that the copy is whole up to the moment of its end. */
async function baseBackup(command: string, ownerUrl: string, { to, say, rate, signal }: PostgresCopy): Promise<void> {
  const { hostname, port, password } = new URL(ownerUrl);
  const args = ['-h', hostname, '-p', port, '-U', ownerName, '--no-password', '-D', to, '-Ft', '-X', 'stream'];
  const env = { PATH: process.env['PATH'], LC_ALL: 'C', PGPASSWORD: password };
  const tell = async () => say(`  still copying, ${mebibytes((await stat(join(to, 'base.tar'))).size)} so far`);
  const ticker = setInterval(() => void tell().catch(() => undefined), saySeconds * 1000);
  try {
    if (rate !== undefined) args.push('--max-rate', `${rate * 1024}`);
    await run(command, [...args, '-c', 'fast', '--no-sync'], { env, signal });
  } finally {
    clearInterval(ticker);
  }
  await rm(join(to, 'backup_manifest'), { force: true });
}
