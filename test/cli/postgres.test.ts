import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterEach, beforeEach, expect, inject, test } from 'vitest';
import { preparePostgres } from '../../cli/engines/postgres.ts';
import { testEngine } from '../support/engines.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'majordomo-postgres-'));
  // Postgres runs as another account when the tests run as root.
  await chmod(folder, 0o755);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function ask(text: string, url = inject('postgresUrl')): Promise<unknown> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return Object.values((await client.query<Record<string, unknown>>(text)).rows[0] ?? {})[0];
  } finally {
    await client.end();
  }
}

test.each([
  ['show fsync', 'on'],
  ['show synchronous_commit', 'on'],
  ['show full_page_writes', 'on'],
  ['show listen_addresses', '127.0.0.1'],
  ['show unix_socket_directories', ''],
  ['show password_encryption', 'scram-sha-256'],
  ['select pg_encoding_to_char(encoding) from pg_database where datname = current_database()', 'UTF8'],
  ["select upper('äöü')", 'ÄÖÜ'],
  ["select count(*)::int from pg_available_extensions where name = 'vector'", 1],
])('the embedded server answers %s with %s', async (question, answer) => {
  expect(await ask(question)).toBe(answer);
});

test('nobody gets in without the password', async () => {
  const url = new URL(inject('postgresUrl'));
  url.password = 'wrong';
  await expect(ask('select 1', url.href)).rejects.toThrow('password authentication failed');
});

test('a cluster is made once, and the password is for the owner alone', async () => {
  const options = {
    engine: await testEngine('postgres'),
    dataDir: join(folder, 'postgres'),
    passwordFile: join(folder, 'password'),
    port: 1,
    say: () => {},
  };
  const first = await preparePostgres(options);
  const made = (await stat(join(folder, 'postgres/data/PG_VERSION'))).mtimeMs;
  expect((await stat(options.passwordFile)).mode & 0o777).toBe(0o600);
  expect((await preparePostgres(options)).ownerUrl).toBe(first.ownerUrl);
  expect((await stat(join(folder, 'postgres/data/PG_VERSION'))).mtimeMs).toBe(made);
  await rm(options.passwordFile);
  await expect(preparePostgres(options)).rejects.toThrow(`bring back ${options.passwordFile}`);
});

test('a cluster that cannot be made says why and leaves nothing that looks like one', async () => {
  const bin = join(folder, 'bin');
  await mkdir(bin);
  for (const name of ['postgres', 'initdb']) {
    await writeFile(join(bin, name), `#!/bin/sh\n[ "$1" = --version ] && exit 0\necho 'no space left' >&2\nexit 1\n`, {
      mode: 0o755,
    });
  }
  const engine = { name: 'postgres', version: 'postgres (PostgreSQL) 18.4', source: 'path', bin } as const;
  const options = {
    engine,
    dataDir: join(folder, 'postgres'),
    passwordFile: join(folder, 'password'),
    port: 1,
    say: () => {},
  };
  await expect(preparePostgres(options)).rejects.toThrow('no space left');
  await expect(stat(join(folder, 'postgres/data'))).rejects.toThrow('ENOENT');
});
