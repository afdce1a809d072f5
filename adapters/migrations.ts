import { join } from 'node:path';
import { runner } from 'node-pg-migrate';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { compareChain, type MigrationFile, readChain } from './migration-files.ts';
import { databaseError } from './postgres-errors.ts';
import { type Environment, postgresSettings, settleTls } from './postgres-settings.ts';
import { scramVerifier } from './scram.ts';

/** Where the migrations are and where they go. */
export interface MigrationPlace {
  /** Address of the database as its owner; needs the right to create schemas and roles. */
  readonly ownerUrl: string;
  readonly env: Environment;
  /** Folder with one folder per chain: `<chain>/NNNN_what.sql`. */
  readonly directory: string;
  /** In the order in which they are applied; chain `x` brings the role `majordomo_x`. */
  readonly chains: readonly string[];
}

export interface MigrateOptions extends MigrationPlace {
  /** The clear password of a role; only its SCRAM verifier reaches the server. */
  readonly rolePassword: (role: string) => string;
  readonly log: (line: string) => void;
}

/** What was applied, what waits, and what forbids to go on; files as `chain/file`. */
export interface MigrationStatus {
  readonly applied: string[];
  readonly pending: string[];
  readonly problems: string[];
}

/** The files and the database do not belong together; nothing was changed. */
export class MigrationsRefused extends Error {
  override name = 'MigrationsRefused';
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The migrations are refused: ${problems.join(' ')}`);
    this.problems = problems;
  }
}

/** One file failed and was rolled back; those before it stand. */
export class MigrationFailed extends Error {
  override name = 'MigrationFailed';
  readonly retryable = false;
  readonly file: string;

  constructor(file: string, cause: unknown) {
    super(`The migration ${file} failed: ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
    this.file = file;
  }
}

const connectMs = 10_000;
/** How long a second start waits for the first one's migrations. */
const lockWait = '120s';
/** Any number that all starts of this program share, and nobody else. */
const lockKey = 7_420_311_961;
/** Ends statements that outlive every caller, and transactions of a frozen process that holds locks. */
const roleSettings = { statement_timeout: '10s', idle_in_transaction_session_timeout: '10s' };

/**
 * Applies what is pending, each file in a transaction of its own, and gives the chains' roles their passwords. Starts at the
 * same time wait for each other.
 * @returns the files that were applied, as `chain/file`
 * @throws MigrationsRefused when an applied file is missing or changed, or a new one is out of order; MigrationFailed;
 *   DatabaseUnavailable
 */
export async function migrate(options: MigrateOptions): Promise<string[]> {
  return withClient(options, (guard) =>
    holdingLock(guard, () =>
      withClient(options, async (client) => {
        const chains = await readChains(options);
        await prepareRegister(client);
        const { problems, pending } = await compare(client, chains);
        if (problems.length > 0) throw new MigrationsRefused(problems);
        for (const [chain, files] of chains) await applyChain(client, options, chain, files);
        await allowLogins(client, options);
        return pending;
      }),
    ),
  );
}

/** Compares files and database without changing anything. */
export async function migrationStatus(place: MigrationPlace): Promise<MigrationStatus> {
  return withClient(place, async (client) => compare(client, await readChains(place)));
}

async function withClient<T>(place: MigrationPlace, work: (client: Client) => Promise<T>): Promise<T> {
  const wanted = postgresSettings(place.ownerUrl, place.env);
  const unavailable = (error: unknown): never => {
    throw databaseError(error);
  };
  const settings = await settleTls(wanted, connectMs).catch(unavailable);
  const client = new Client({ ...settings, connectionTimeoutMillis: connectMs });
  client.on('error', () => undefined);
  try {
    await client.connect().catch(unavailable);
    return await work(client);
  } finally {
    await client.end();
  }
}

/** The lock lives in a transaction of its own client, because a transaction-mode pooler keeps no session for another. */
async function holdingLock<T>(guard: Client, work: () => Promise<T>): Promise<T> {
  await guard.query(`BEGIN; SET LOCAL lock_timeout = '${lockWait}'; SET LOCAL idle_in_transaction_session_timeout = 0`);
  await guard.query('SELECT pg_advisory_xact_lock($1)', [lockKey]);
  const result = await work();
  await guard.query('COMMIT');
  return result;
}

async function readChains(place: MigrationPlace): Promise<Map<string, MigrationFile[]>> {
  const chains = new Map<string, MigrationFile[]>();
  for (const chain of place.chains) chains.set(chain, await readChain(place.directory, chain));
  return chains;
}

async function prepareRegister(client: Client): Promise<void> {
  await client.query(`
    CREATE SCHEMA IF NOT EXISTS migrations;
    CREATE TABLE IF NOT EXISTS migrations.checksums (
      chain text, file text, sha256 text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (chain, file)
    )`);
}

async function compare(client: Client, chains: Map<string, MigrationFile[]>): Promise<MigrationStatus> {
  const exists = await client.query("SELECT WHERE to_regclass('migrations.checksums') IS NOT NULL");
  const { rows } = exists.rowCount
    ? await client.query<{ chain: string; file: string; sha256: string }>('SELECT * FROM migrations.checksums')
    : { rows: [] };
  const status: MigrationStatus = { applied: [], pending: [], problems: [] };
  for (const [chain, files] of chains) {
    const recorded = new Map(rows.filter((row) => row.chain === chain).map((row) => [row.file, row.sha256]));
    const part = compareChain(chain, files, recorded);
    status.applied.push(...part.applied);
    status.pending.push(...part.pending);
    status.problems.push(...part.problems);
  }
  return status;
}

async function applyChain(client: Client, options: MigrateOptions, chain: string, files: MigrationFile[]) {
  let current = '';
  const loader = (paths: string[]) =>
    Promise.resolve(
      paths.map((path) => {
        const file = files.find(({ name }) => path === join(options.directory, chain, name));
        if (!file) throw new Error(`${path} appeared while the migrations were read.`);
        const up = (builder: { sql: (statement: string) => void }): void => {
          current = `${chain}/${file.name}`;
          options.log(`migrating ${current}`);
          builder.sql(file.sql);
          builder.sql(
            `INSERT INTO migrations.checksums (chain, file, sha256) VALUES ('${chain}', '${file.name}', '${file.sha256}')`,
          );
        };
        return { id: path, filePaths: [path], actions: { up, down: false as const } };
      }),
    );
  // The library's own lines repeat whole files; what failed is in the error.
  const quiet = (): void => undefined;
  await runner({
    dbClient: client,
    dir: join(options.directory, chain),
    migrationsSchema: 'migrations',
    migrationsTable: chain,
    direction: 'up',
    singleTransaction: false,
    noLock: true,
    migrationLoaderStrategies: [{ extensions: ['.sql'], loader }],
    logger: { info: quiet, warn: quiet, error: quiet },
  }).catch((error: unknown) => {
    throw new MigrationFailed(current || chain, error);
  });
}

async function allowLogins(client: Client, { chains, rolePassword }: MigrateOptions): Promise<void> {
  await client.query('BEGIN');
  for (const chain of chains) {
    const role = `majordomo_${chain}`;
    const { rowCount } = await client.query('SELECT FROM pg_roles WHERE rolname = $1', [role]);
    if (!rowCount) throw new MigrationFailed(chain, new Error(`its files create no role ${role}`));
    const verifier = scramVerifier(rolePassword(role));
    await client.query(`ALTER ROLE ${escapeIdentifier(role)} LOGIN PASSWORD ${escapeLiteral(verifier)}`);
    for (const [name, value] of Object.entries(roleSettings)) {
      await client.query(`ALTER ROLE ${escapeIdentifier(role)} SET ${name} = ${escapeLiteral(value)}`);
    }
  }
  await client.query('COMMIT');
}
