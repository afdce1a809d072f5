import { AsyncLocalStorage } from 'node:async_hooks';
import { DatabaseError, Pool, type PoolClient, type QueryConfig, type QueryResultRow, types } from 'pg';
import { databaseError } from './postgres-errors.ts';
import { type Environment, postgresSettings, settleTls } from './postgres-settings.ts';

export { DatabaseUnavailable } from './postgres-errors.ts';
export { type Environment, PostgresSettingsError, postgresSettings } from './postgres-settings.ts';

/** What a statement answered; `rowCount` is the number of rows it changed or returned. */
export interface Answer<Row> {
  readonly rows: Row[];
  readonly rowCount: number;
}

/** Something that takes statements: the pool, or the one client of a transaction. */
export interface Queryable {
  /**
   * Runs one statement. `bigint` comes back as number (an unsafe one throws), `numeric` and `date` as text,
   * `timestamptz` as Date. Pass json as text (`JSON.stringify`): node-postgres takes a bare array for a Postgres array.
   * @throws DatabaseUnavailable when the server cannot be reached or does not answer in time; pg.DatabaseError otherwise
   */
  query<Row extends object = Record<string, unknown>>(text: string, params?: readonly unknown[]): Promise<Answer<Row>>;
}

/** One role's connections to one database. */
export interface Postgres extends Queryable {
  /**
   * Runs `work` between BEGIN and COMMIT on one client; any error rolls back. Inside, only `tx` may be used: a second
   * client from the same pool is refused. After DatabaseUnavailable the outcome of a COMMIT under way is unknown.
   */
  transaction<T>(work: (tx: Queryable) => Promise<T>): Promise<T>;
  /** Waits for what is running and closes all connections. */
  close(): Promise<void>;
}

/** How to reach the database. */
export interface PostgresOptions {
  /** `postgres://` address; its user and password are used unless `role` and `password` are given. */
  readonly url: string;
  /** Read for `POSTGRES_SSLMODE` alone. */
  readonly env: Environment;
  readonly role?: string;
  readonly password?: string;
  /** Most connections at a time; 10 by default. */
  readonly max?: number;
  /** Milliseconds for a whole call, waiting for a connection included; 4500 by default, a door answers 503 within 5 s. */
  readonly callMs?: number;
}

/** Milliseconds to get a connection, out of the call's whole time. */
const mostConnectMs = 3000;
const defaultCallMs = 4500;

/**
 * Opens a pool; the first call connects. Needs no session state, so a transaction-mode pooler may stand between: the
 * statement timeout is set inside transactions, and by the migrator on the role for single statements.
 */
export function connectPostgres(options: PostgresOptions): Postgres {
  const wanted = postgresSettings(options.url, options.env);
  const callMs = options.callMs ?? defaultCallMs;
  const connectMs = Math.min(mostConnectMs, callMs);
  const insideTransaction = new AsyncLocalStorage<true>();
  let opening: Promise<Pool> | undefined;

  async function open(): Promise<Pool> {
    const pool = new Pool({
      ...(await settleTls(wanted, connectMs)),
      ...(options.role === undefined ? {} : { user: options.role }),
      ...(options.password === undefined ? {} : { password: options.password }),
      max: options.max ?? 10,
      connectionTimeoutMillis: connectMs,
      keepAlive: true,
      types: { getTypeParser },
    });
    // An idle connection that dies has no caller; the pool drops it and the next call opens another.
    pool.on('error', () => undefined);
    return pool;
  }

  async function acquire(): Promise<PoolClient> {
    opening ??= open().catch((error: unknown) => {
      opening = undefined;
      throw error;
    });
    return (await opening).connect();
  }

  async function withClient<T>(work: (client: Client) => Promise<T>): Promise<T> {
    if (insideTransaction.getStore()) throw new Error('A transaction may not take a second client from its pool.');
    const deadline = Date.now() + callMs;
    const pooled = await acquire().catch((error: unknown) => {
      throw databaseError(error);
    });
    // Without a listener the death of a checked-out connection between two statements would end the process.
    const ignore = (): void => undefined;
    pooled.on('error', ignore);
    const client = clientUntil(pooled, deadline);
    try {
      return await work(client);
    } finally {
      pooled.off('error', ignore);
      pooled.release(client.broken());
    }
  }

  return {
    query: (text, params) => withClient((client) => client.query(text, params)),
    transaction: (work) =>
      withClient(async (client) => {
        await client.query(`BEGIN; SET LOCAL statement_timeout = ${callMs}`);
        try {
          const result = await insideTransaction.run(true, () => work(client));
          await client.commit();
          return result;
        } catch (error) {
          await client.rollback();
          throw error;
        }
      }),
    close: async () => {
      const pool = await opening?.catch(() => undefined);
      await pool?.end();
    },
  };
}

interface Client extends Queryable {
  commit(): Promise<void>;
  /** Undoes the transaction; never throws, a client that cannot roll back is broken instead. */
  rollback(): Promise<void>;
  /** Whether the connection's state is unknown, so that it must not be used again. */
  broken(): boolean;
}

function clientUntil(client: PoolClient, deadline: number): Client {
  let broken = false;
  async function run<Row extends object>(text: string, params?: readonly unknown[]) {
    const statement: QueryConfig & { query_timeout: number } = {
      text,
      ...(params === undefined ? {} : { values: [...params] }),
      query_timeout: Math.max(1, deadline - Date.now()),
    };
    try {
      return await client.query<Row & QueryResultRow>(statement);
    } catch (error) {
      broken ||= !(error instanceof DatabaseError) || error.severity === 'FATAL';
      throw databaseError(error);
    }
  }
  return {
    query: async (text, params) => {
      const { rows, rowCount } = await run<never>(text, params);
      return { rows, rowCount: rowCount ?? 0 };
    },
    commit: async () => {
      const { command } = await run('COMMIT');
      // Postgres answers COMMIT of a failed transaction with ROLLBACK, and without an error.
      if (command !== 'COMMIT') throw new Error('The transaction was rolled back: one of its statements had failed.');
    },
    rollback: async () => {
      if (!broken) await run('ROLLBACK').catch(() => (broken = true));
    },
    broken: () => broken,
  };
}

type TypeId = Parameters<typeof types.getTypeParser>[0];
const { INT8, DATE } = types.builtins;
const parsers = new Map<TypeId, (text: string) => unknown>([
  [INT8, safeInteger],
  [DATE, (text) => text],
]);

function getTypeParser(oid: TypeId): (text: string) => unknown {
  return parsers.get(oid) ?? types.getTypeParser(oid);
}

function safeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('A bigint of the database is beyond 2^53.');
  return value;
}
