import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { afterEach, beforeEach, describe, expect, inject, it } from 'vitest';
import {
  MigrationFailed,
  type MigrateOptions,
  MigrationsRefused,
  migrate,
  migrationStatus,
} from '../../adapters/migrations.ts';
import { createEmptyDatabase, type EmptyDatabase } from '../support/empty-database.ts';
import { startRecordingProxy } from '../support/recording-proxy.ts';

// Roles belong to the whole cluster, so each test brings chains of its own.
let chains: [string, string];
let directory: string;
let database: EmptyDatabase;
let lines: string[];

const makeRole = (chain: string): string => `CREATE ROLE majordomo_${chain} NOLOGIN; CREATE SCHEMA ${chain};`;
const write = (chain: string, file: string, sql: string): Promise<void> => writeFile(join(directory, chain, file), sql);
const options = (): MigrateOptions => ({
  ownerUrl: database.url,
  env: {},
  directory,
  chains,
  rolePassword: (role) => `password-of-${role}`,
  log: (line) => lines.push(line),
});

async function ask<Row extends object>(sql: string, url = database.url): Promise<Row[]> {
  const client = new Client({ connectionString: url, ssl: false });
  await client.connect();
  try {
    return (await client.query<Row & Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

beforeEach(async () => {
  const unique = randomUUID().slice(0, 8);
  chains = [`one_${unique}`, `two_${unique}`];
  lines = [];
  database = await createEmptyDatabase();
  directory = await mkdtemp(join(tmpdir(), 'migrations-'));
  for (const chain of chains) {
    await mkdir(join(directory, chain));
    await write(
      chain,
      '0001_start.sql',
      `${makeRole(chain)}\n-- down migration: a comment, and no instruction\nCREATE TABLE ${chain}.a (n int);`,
    );
  }
});
afterEach(async () => {
  await database.drop();
  for (const chain of chains) await ask(`DROP ROLE IF EXISTS majordomo_${chain}`, inject('postgresUrl'));
  await rm(directory, { recursive: true });
});

describe('migrate', () => {
  it('applies the chains in order, each file once', async () => {
    const [one, two] = chains;
    await write(one, '0002_more.sql', `INSERT INTO ${one}.a VALUES (1)`);
    await write(two, '0010_later.sql', `INSERT INTO ${two}.a SELECT n + 1 FROM ${one}.a;`);
    const files = [`${one}/0001_start.sql`, `${one}/0002_more.sql`, `${two}/0001_start.sql`, `${two}/0010_later.sql`];
    expect(await migrationStatus(options())).toEqual({ applied: [], pending: files, problems: [] });
    expect(await migrate(options())).toEqual(files);
    expect(lines).toEqual(files.map((file) => `migrating ${file}`));
    expect(await ask(`SELECT n FROM ${two}.a`)).toEqual([{ n: 2 }]);
    expect(await migrate(options())).toEqual([]);
    expect(await migrationStatus(options())).toEqual({ applied: files, pending: [], problems: [] });
    expect(await ask(`SELECT name FROM migrations.${one}`)).toEqual([{ name: '0001_start' }, { name: '0002_more' }]);
  });

  it('applies what a later version brings', async () => {
    await migrate(options());
    await write(chains[0], '0002_more.sql', `ALTER TABLE ${chains[0]}.a ADD COLUMN m int`);
    expect(await migrate(options())).toEqual([`${chains[0]}/0002_more.sql`]);
  });

  it('undoes a failing file as a whole, keeps those before it, and goes on when it is repaired', async () => {
    const [one] = chains;
    await write(one, '0002_good.sql', `INSERT INTO ${one}.a VALUES (1);`);
    await write(one, '0003_bad.sql', `INSERT INTO ${one}.a VALUES (2); SELECT nothing;`);
    const failure = await migrate(options()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(MigrationFailed);
    expect(failure).toMatchObject({ file: `${one}/0003_bad.sql`, retryable: false });
    expect(await ask(`SELECT n FROM ${one}.a`)).toEqual([{ n: 1 }]);
    await write(one, '0003_bad.sql', `INSERT INTO ${one}.a VALUES (3);`);
    expect(await migrate(options())).toEqual([`${one}/0003_bad.sql`, `${chains[1]}/0001_start.sql`]);
    expect(await ask(`SELECT n FROM ${one}.a`)).toEqual([{ n: 1 }, { n: 3 }]);
  });

  it.each([
    ['a changed file', 'was changed', (chain: string) => write(chain, '0001_start.sql', 'SELECT 1;')],
    ['a missing file', 'is missing', (chain: string) => rm(join(directory, chain, '0001_start.sql'))],
    ['a file before applied ones', 'stands before', (chain: string) => write(chain, '0000_late.sql', 'SELECT 1;')],
    ['a number twice', 'number twice', (chain: string) => write(chain, '0001_zz.sql', 'SELECT 1;')],
    ['another name', 'not named', (chain: string) => write(chain, 'notes.txt', 'hello')],
  ])('refuses %s, names it and changes nothing', async (_what, message, spoil) => {
    await migrate(options());
    await write(chains[0], '0002_more.sql', `INSERT INTO ${chains[0]}.a VALUES (1)`);
    await spoil(chains[1]);
    const refusal = await migrate(options()).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(MigrationsRefused);
    expect(String(refusal)).toMatch(new RegExp(`${chains[1]}/\\S+ .*${message}`));
    expect((await migrationStatus(options())).problems).toHaveLength(1);
    expect(await ask(`SELECT n FROM ${chains[0]}.a`)).toEqual([]);
  });

  it('lets starts at the same time wait for each other', async () => {
    const results = await Promise.all([migrate(options()), migrate(options()), migrate(options())]);
    expect(results.map((files) => files.length).sort((a, b) => a - b)).toEqual([0, 0, 2]);
  });

  it('says that there is no database', async () => {
    const nowhere = { ...options(), ownerUrl: 'postgres://ann:hunter22@127.0.0.1:1/x' };
    for (const call of [migrate(nowhere), migrationStatus(nowhere)]) {
      await expect(call).rejects.toMatchObject({ name: 'DatabaseUnavailable', code: 'ECONNREFUSED' });
    }
  });

  it('says which chain made no role', async () => {
    await write(chains[1], '0001_start.sql', 'SELECT 1;');
    await expect(migrate(options())).rejects.toThrow(`create no role majordomo_${chains[1]}`);
  });
});

describe('logins', () => {
  it('lets each role in with its own password, and a later start with another one', async () => {
    const role = `majordomo_${chains[0]}`;
    const logIn = (password: string) => {
      const url = new URL(database.url);
      url.username = role;
      url.password = password;
      return ask('SELECT current_user AS who', url.href);
    };
    await migrate(options());
    expect(await ask(`SELECT rolcanlogin FROM pg_roles WHERE rolname = '${role}'`)).toEqual([{ rolcanlogin: true }]);
    expect(await logIn(`password-of-${role}`)).toEqual([{ who: role }]);
    await migrate({ ...options(), rolePassword: () => 'another' });
    expect(await logIn('another')).toEqual([{ who: role }]);
    await expect(logIn(`password-of-${role}`)).rejects.toMatchObject({ code: '28P01' });
  });

  it('never sends the password: the server and its log see the verifier alone', async () => {
    const proxy = await startRecordingProxy(database.url);
    await migrate({ ...options(), ownerUrl: proxy.url });
    await proxy.close();
    const sent = proxy.sent();
    expect(sent).toContain(`ALTER ROLE "majordomo_${chains[0]}" LOGIN PASSWORD 'SCRAM-SHA-256$4096:`);
    expect(sent).not.toContain('password-of-');
  });
});
