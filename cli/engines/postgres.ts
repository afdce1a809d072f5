import { randomBytes } from 'node:crypto';
import { chown, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Client } from 'pg';
import type { ChildSpec } from '../supervisor/child.ts';
import { exec, reason } from './engine.ts';
import type { Engine } from './engine.ts';
import { unprivilegedAccount } from './account.ts';
import type { Account } from './account.ts';

/** The owner's role and the database of the embedded Postgres. */
export const ownerName = 'majordomo';

export interface PostgresOptions {
  engine: Engine;
  /** Folder of the cluster; made on first use. The server's own folder is `data` in it. */
  dataDir: string;
  /** File with the owner's password; made on first use, mode 0600. */
  passwordFile: string;
  port: number;
  say: (line: string) => void;
  /** Server settings on top of the server's own defaults. */
  settings?: Record<string, string>;
}

export interface PreparedPostgres {
  spec: ChildSpec;
  /** URL of the database with the owner's name and password: for migrations only. */
  ownerUrl: string;
}

/** The embedded Postgres could not be prepared; the message says what to do. */
export class PostgresUnusable extends Error {
  override name = 'PostgresUnusable';
}

/** Major version that made the cluster in `dataDir`; undefined when there is none yet. */
export async function clusterMajor(dataDir: string): Promise<number | undefined> {
  const text = await readFile(join(dataDir, 'data', 'PG_VERSION'), 'utf8').catch(() => undefined);
  return text === undefined ? undefined : Number(text.trim());
}

/**
 * Makes the cluster if it is not there and describes the server as a child: loopback only, no sockets, passwords by
 * scram, the server's own defaults for durability. Call `ensureDatabase(ownerUrl)` once it serves.
 */
export async function preparePostgres(options: PostgresOptions): Promise<PreparedPostgres> {
  const { engine, dataDir, port } = options;
  const account = await unprivilegedAccount(dataDir);
  await requireReadable(engine, account);
  const cluster = join(dataDir, 'data');
  const isNew = (await clusterMajor(dataDir)) === undefined;
  const password = await passwordOf(options.passwordFile, isNew);
  if (isNew) await makeCluster(options, cluster, password, account);
  const url = `postgres://${ownerName}:${password}@127.0.0.1:${port}`;
  const spec: ChildSpec = {
    name: 'postgres',
    command: join(engine.bin, 'postgres'),
    args: ['-D', cluster, ...serverSettings(port, options.settings)],
    env: serverEnvironment(),
    cwd: '/',
    account,
    // SIGINT is Postgres' fast shutdown: it ends sessions, rolls back and writes a checkpoint.
    signal: 'SIGINT',
    stopSeconds: 2.3,
    // After a SIGKILL of the server its data folder counts as in use until its sessions are gone and it is reaped.
    patienceSeconds: 15,
    probe: () => withClient(`${url}/postgres`, (client) => client.query('select 1')),
  };
  return { spec, ownerUrl: `${url}/${ownerName}` };
}

/** Creates the database of the URL when it is missing. */
export async function ensureDatabase(ownerUrl: string): Promise<void> {
  const url = new URL(ownerUrl);
  const database = url.pathname.slice(1);
  url.pathname = '/postgres';
  await withClient(url.href, async (client) => {
    const found = await client.query('select 1 from pg_database where datname = $1', [database]);
    if (found.rowCount === 0) await client.query(`create database ${client.escapeIdentifier(database)}`);
  });
}

async function withClient<T>(connectionString: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 5000 });
  client.on('error', () => {});
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}

function serverSettings(port: number, more: Record<string, string> = {}): string[] {
  const settings: Record<string, string> = {
    listen_addresses: '127.0.0.1',
    port: String(port),
    unix_socket_directories: '',
    // Statements and row values may be personal: the server's log gets the error alone.
    log_error_verbosity: 'terse',
    log_min_error_statement: 'panic',
    ...more,
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

/** The caller's environment without what would steer the server (PGDATA, PGPORT …). */
function serverEnvironment(): NodeJS.ProcessEnv {
  const { PATH, TMPDIR } = process.env;
  return { PATH, ...(TMPDIR === undefined ? {} : { TMPDIR }), LC_ALL: 'C', TZ: 'UTC' };
}

async function passwordOf(file: string, isNew: boolean): Promise<string> {
  const known = await readFile(file, 'utf8').catch(() => undefined);
  if (known !== undefined) return known.trim();
  if (!isNew) throw new PostgresUnusable(`The password of the database is missing: bring back ${file}.`);
  const password = randomBytes(24).toString('hex');
  await writeFile(file, `${password}\n`, { mode: 0o600 });
  return password;
}

async function requireReadable(engine: Engine, account: Account | undefined): Promise<void> {
  if (account === undefined) return;
  await exec(join(engine.bin, 'postgres'), ['--version'], { ...account, cwd: '/' }).catch((error: unknown) => {
    throw new PostgresUnusable(
      `Postgres does not run as root, and ${account.name} cannot run ${engine.bin}/postgres (${reason(error)}). ` +
        'Set MAJORDOMO_HOME to a folder that every account may enter (root has /var/lib/majordomo by default).',
    );
  });
}

/** Runs initdb beside the final place and renames: an interrupted one leaves no half cluster behind. */
async function makeCluster(
  options: PostgresOptions,
  cluster: string,
  password: string,
  account: Account | undefined,
): Promise<void> {
  options.say('Making the database cluster …');
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  if (account !== undefined) await chown(options.dataDir, account.uid, account.gid);
  const unfinished = `${cluster}.unfinished`;
  const passwordFile = `${cluster}.password`;
  await rm(unfinished, { recursive: true, force: true });
  try {
    await writeFile(passwordFile, password, { mode: 0o600 });
    if (account !== undefined) await chown(passwordFile, account.uid, account.gid);
    const args = ['-D', unfinished, '--username', ownerName, '--pwfile', passwordFile, '--auth', 'scram-sha-256'];
    args.push('--encoding', 'UTF8', ...localeArguments(options.engine));
    await exec(join(options.engine.bin, 'initdb'), args, { ...account, cwd: '/', env: serverEnvironment() });
    await rename(unfinished, cluster);
  } catch (error) {
    throw new PostgresUnusable(`initdb failed in ${options.dataDir}: ${stderrOf(error)}`);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/** Postgres 17 and later carry C.UTF-8 themselves; before, the plain C locale is the one that every system has. */
function localeArguments(engine: Engine): string[] {
  const major = Number(/(\d+)\./.exec(engine.version)?.[1] ?? 0);
  return major >= 17 ? ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'] : ['--locale=C'];
}

function stderrOf(error: unknown): string {
  const text = typeof error === 'object' && error !== null && 'stderr' in error ? String(error.stderr).trim() : '';
  return text === '' ? reason(error) : text;
}
