import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { connectPostgres, postgresSettings } from '../../adapters/postgres.ts';
import { startTlsFront, type TlsFront } from '../support/tls-front.ts';

describe('postgresSettings', () => {
  it('reads every part of an address', () => {
    expect(
      postgresSettings('postgres://ann:p%40ss@db.example:6543/house%20one?application_name=worker&sslmode=disable', {}),
    ).toEqual({
      host: 'db.example',
      port: 6543,
      database: 'house one',
      user: 'ann',
      password: 'p@ss',
      application_name: 'worker',
      ssl: false,
      tlsOptional: false,
    });
  });

  it.each([
    ['postgres://[::1]/x', '::1'],
    ['postgres:///x?host=/run/postgresql', '/run/postgresql'],
    ['postgresql://ann@%2Frun%2Fpostgresql/x', '/run/postgresql'],
    ['postgres:///x', 'localhost'],
  ])('takes the host of %s', (url, host) => {
    expect(postgresSettings(url, {})).toMatchObject({ host, port: 5432, database: 'x' });
  });

  it.each([
    ['disable', { ssl: false, tlsOptional: false }],
    ['allow', { ssl: { rejectUnauthorized: false }, tlsOptional: true }],
    ['prefer', { ssl: { rejectUnauthorized: false }, tlsOptional: true }],
    ['require', { ssl: { rejectUnauthorized: false }, tlsOptional: false }],
    ['verify-full', { ssl: { rejectUnauthorized: true }, tlsOptional: false }],
  ])('gives sslmode %s its libpq meaning, from the address or from the environment', (mode, expected) => {
    expect(postgresSettings(`postgres://h/d?sslmode=${mode}`, { POSTGRES_SSLMODE: 'nonsense' })).toMatchObject(
      expected,
    );
    expect(postgresSettings('postgres://h/d', { POSTGRES_SSLMODE: mode })).toMatchObject(expected);
  });

  it('prefers TLS when nothing is said, and never uses it on a Unix socket', () => {
    expect(postgresSettings('postgres://h/d', {}).tlsOptional).toBe(true);
    expect(postgresSettings('postgres:///d?host=/run', { POSTGRES_SSLMODE: 'verify-full' }).ssl).toBe(false);
  });

  it.each([
    ['mysql://h/d', /not of the form/],
    ['ann:hunter22@h/d', /not of the form/],
    ['postgres://h/d?sslmode=maybe', /"maybe" is not one of/],
    ['postgres://h/d?sslmode=verify-ca', /needs sslrootcert/],
    ['postgres://h/d?sslmode=verify-full&sslrootcert=/nowhere.pem', /sslrootcert names cannot be read/],
    ['postgres://ann:hunter22@h/d?target_session_attrs=primary', /"target_session_attrs"/],
  ])('refuses %s in a sentence without the address', (url, message) => {
    expect(() => postgresSettings(url, {})).toThrow(message);
    expect(() => postgresSettings(url, {})).not.toThrow(/hunter22/);
  });
});

describe('TLS with a real Postgres behind a self-signed certificate', () => {
  let front: TlsFront;
  let folder: string;
  beforeAll(async () => {
    front = await startTlsFront(inject('postgresUrl'));
    folder = await mkdtemp(join(tmpdir(), 'tls-'));
    await writeFile(join(folder, 'root.pem'), front.certificate);
  });
  afterAll(async () => {
    await front.close();
    await rm(folder, { recursive: true });
  });

  async function reach(parameters: string, host = '127.0.0.1', port = front.port): Promise<string> {
    const url = new URL(inject('postgresUrl'));
    url.hostname = host;
    url.port = String(port);
    url.search = parameters.replace('ROOT', `sslrootcert=${folder}/root.pem`);
    const database = connectPostgres({ url: url.href, env: {} });
    front.connections.length = 0;
    try {
      const { rows } = await database.query<{ one: number }>('SELECT 1 AS one');
      return `${rows[0]?.one} ${front.connections.join()}`;
    } catch (error) {
      return error instanceof Error && 'code' in error ? String(error.code) : String(error);
    } finally {
      await database.close();
    }
  }

  it.each([
    ['sslmode=disable', '1 plain'],
    ['sslmode=prefer', '1 tls'],
    ['sslmode=require', '1 tls'],
    ['sslmode=verify-full', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
    ['sslmode=require&ROOT', '1 tls'],
    ['sslmode=verify-ca&ROOT', '1 tls'],
    ['sslmode=verify-full&ROOT', '1 tls'],
  ])('%s → %s', async (parameters, outcome) => {
    expect(await reach(parameters)).toBe(outcome);
  });

  it('verify-full checks the name, verify-ca does not', async () => {
    expect(await reach('sslmode=verify-ca&ROOT', 'localhost')).toBe('1 tls');
    expect(await reach('sslmode=verify-full&ROOT', 'localhost')).toBe('ERR_TLS_CERT_ALTNAME_INVALID');
  });

  it('a server without TLS: prefer speaks plain text, require refuses', async () => {
    const { hostname, port } = new URL(inject('postgresUrl'));
    expect(await reach('sslmode=prefer', hostname, Number(port))).toBe('1 ');
    expect(await reach('sslmode=require', hostname, Number(port))).toMatch(/does not support SSL/);
  });
});
