import { createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { connectPostgres, DatabaseUnavailable, type Postgres, type PostgresOptions } from '../../adapters/postgres.ts';
import { createEmptyDatabase, type EmptyDatabase } from '../support/empty-database.ts';

let home: EmptyDatabase;
const open: Postgres[] = [];
const connect = (options: Partial<PostgresOptions> = {}): Postgres => {
  const database = connectPostgres({ url: home.url, env: {}, ...options });
  open.push(database);
  return database;
};

beforeAll(async () => {
  home = await createEmptyDatabase();
  await connect().query('CREATE TABLE notes (id integer PRIMARY KEY, body text)');
});
afterEach(async () => {
  for (const database of open.splice(0)) await database.close();
});
afterAll(() => home.drop());

describe('query', () => {
  it('parses bigint to number, and leaves numeric and date as text', async () => {
    const { rows } = await connect().query(
      "SELECT 9007199254740991::bigint AS big, 1.10::numeric AS exact, '2026-03-29'::date AS day, $1::jsonb AS doc",
      [JSON.stringify([1])],
    );
    expect(rows).toEqual([{ big: 9007199254740991, exact: '1.10', day: '2026-03-29', doc: [1] }]);
  });

  it('refuses a bigint that a number cannot hold', async () => {
    await expect(connect().query('SELECT 9007199254740992::bigint')).rejects.toThrow('beyond 2^53');
  });

  it('says how many rows a statement changed', async () => {
    const database = connect();
    expect((await database.query("INSERT INTO notes VALUES (1, 'a'), (2, 'b')")).rowCount).toBe(2);
    expect((await database.query('UPDATE notes SET body = $1 WHERE id = 3', ['c'])).rowCount).toBe(0);
  });

  it("throws the server's own error for a wrong statement, and goes on", async () => {
    const database = connect({ max: 1 });
    await expect(database.query('SELECT nothing')).rejects.toMatchObject({ code: '42703' });
    expect((await database.query('SELECT 1')).rowCount).toBe(1);
  });
});

describe('transaction', () => {
  it('commits what work did and answers its result', async () => {
    const database = connect({ max: 1 });
    const result = await database.transaction(async (tx) => {
      await tx.query("INSERT INTO notes VALUES (10, 'kept')");
      return 'done';
    });
    expect(result).toBe('done');
    expect((await database.query('SELECT FROM notes WHERE id = 10')).rowCount).toBe(1);
  });

  it('rolls back on any error and gives the client back usable', async () => {
    const database = connect({ max: 1 });
    const failing = database.transaction(async (tx) => {
      await tx.query("INSERT INTO notes VALUES (11, 'lost')");
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect((await database.query('SELECT FROM notes WHERE id = 11')).rowCount).toBe(0);
  });

  it('fails when work swallowed the error of a statement, instead of committing nothing', async () => {
    const swallowing = connect().transaction(async (tx) => {
      await tx.query('SELECT nothing').catch(() => undefined);
    });
    await expect(swallowing).rejects.toThrow('rolled back');
  });

  it('refuses a second client from its own pool', async () => {
    const database = connect();
    await expect(database.transaction(() => database.query('SELECT 1'))).rejects.toThrow('second client');
    await expect(database.transaction(() => database.transaction(async () => 1))).rejects.toThrow('second client');
  });

  it('leaves no setting behind for the next user of the connection', async () => {
    const database = connect({ max: 1, callMs: 3210 });
    const timeout = 'SHOW statement_timeout';
    expect((await database.transaction((tx) => tx.query(timeout))).rows).toEqual([{ statement_timeout: '3210ms' }]);
    expect((await database.query(timeout)).rows).toEqual([{ statement_timeout: '0' }]);
  });
});

describe('an unavailable database', () => {
  it('is said at once where nothing listens', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    await new Promise((resolve) => server.close(resolve));
    const port = typeof address === 'object' ? address?.port : undefined;
    for (const sslmode of ['disable', 'prefer']) {
      const database = connect({ url: `postgres://nobody@127.0.0.1:${port}/x?sslmode=${sslmode}` });
      await expect(database.query('SELECT 1')).rejects.toMatchObject({
        name: 'DatabaseUnavailable',
        code: 'ECONNREFUSED',
        retryable: true,
      });
    }
  });

  it('is said within 5 s where somebody accepts and never answers', async () => {
    const sockets: Socket[] = [];
    const server = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const address = server.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const started = performance.now();
    const calls = ['disable', 'prefer'].map((sslmode) =>
      connect({ url: `postgres://nobody@127.0.0.1:${port}/x?sslmode=${sslmode}` }).query('SELECT 1'),
    );
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: { name: 'DatabaseUnavailable' } });
    }
    expect(performance.now() - started).toBeLessThan(5000);
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it('is said when a call takes longer than it may, and the next call gets a fresh connection', async () => {
    const database = connect({ max: 1, callMs: 200 });
    await expect(database.query('SELECT pg_sleep(30)')).rejects.toBeInstanceOf(DatabaseUnavailable);
    await expect(database.transaction((tx) => tx.query('SELECT pg_sleep(30)'))).rejects.toBeInstanceOf(
      DatabaseUnavailable,
    );
    expect((await database.query('SELECT 1')).rowCount).toBe(1);
  });

  it('is said when no connection becomes free', async () => {
    const database = connect({ max: 1, callMs: 200 });
    let free = (): void => undefined;
    const holder = database.transaction(() => new Promise<void>((resolve) => (free = resolve)));
    await expect(database.query('SELECT 1')).rejects.toBeInstanceOf(DatabaseUnavailable);
    free();
    await holder.catch(() => undefined);
    expect((await database.query('SELECT 1')).rowCount).toBe(1);
  });

  it('is said when the server ends a connection, idle or in a transaction, and does not end the process', async () => {
    const database = connect({ max: 1 });
    const killer = connect();
    const pid = async (on: Pick<Postgres, 'query'>) =>
      (await on.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows[0]?.pid;
    const kill = (victim: number | undefined) => killer.query('SELECT pg_terminate_backend($1, 5000)', [victim]);
    const inTransaction = database.transaction(async (tx) => {
      await kill(await pid(tx));
      await tx.query('SELECT 1');
    });
    await expect(inTransaction).rejects.toBeInstanceOf(DatabaseUnavailable);
    await kill(await pid(database));
    await expect.poll(() => database.query('SELECT 1').then(({ rowCount }) => rowCount)).toBe(1);
  });

  it('is not said for a wrong login', async () => {
    const database = connect({ url: inject('postgresUrl').replace(/[^/]*$/, 'no_such_database') });
    await expect(database.query('SELECT 1')).rejects.toMatchObject({ code: '3D000' });
  });
});
