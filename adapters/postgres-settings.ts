import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import type { ConnectionOptions } from 'node:tls';

/** Environment variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Where Postgres is and how to speak to it, in node-postgres' own words. */
export interface PostgresSettings {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user?: string;
  readonly password?: string;
  readonly application_name?: string;
  /** Always said, so that node-postgres reads no `PGSSLMODE` of its own. */
  readonly ssl: false | ConnectionOptions;
}

/** Settings before the server was asked: with `tlsOptional`, plain text will do where the server has no TLS. */
export interface WantedSettings extends PostgresSettings {
  readonly tlsOptional: boolean;
}

/** The address or the TLS settings of the database are unusable. Carries no part of the address. */
export class PostgresSettingsError extends Error {
  override name = 'PostgresSettingsError';
}

const sslModes = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];
const parameters = ['sslmode', 'sslrootcert', 'sslcert', 'sslkey', 'host', 'application_name'];
/** SSLRequest of the Postgres protocol (53.7 Message Formats): length 8, code 80877103. */
const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]);

/**
 * Reads a `postgres://` address for migrations and run time alike. `sslmode` means what it means in libpq (node-postgres
 * itself treats `prefer` and `require` as `verify-full`): the address decides, then `POSTGRES_SSLMODE`, then `prefer`;
 * `allow` is treated as `prefer`, `require` with `sslrootcert` as `verify-ca`. `verify-full` without `sslrootcert` trusts
 * the certificate authorities of Node. A Unix socket never speaks TLS.
 * @throws PostgresSettingsError for another scheme, an unknown parameter or mode, or an unreadable certificate
 */
export function postgresSettings(url: string, env: Environment): WantedSettings {
  const address = parseAddress(url);
  const unknown = [...address.searchParams.keys()].find((key) => !parameters.includes(key));
  if (unknown !== undefined) {
    throw new PostgresSettingsError(
      `The database URL has the parameter "${unknown}"; supported are ${parameters.join(', ')}.`,
    );
  }
  const query = (key: string): string | undefined => address.searchParams.get(key) || undefined;
  const host = query('host') ?? (decodeURIComponent(address.hostname).replace(/^\[(.+)\]$/, '$1') || 'localhost');
  const mode = query('sslmode') ?? (env.POSTGRES_SSLMODE || 'prefer');
  if (!sslModes.includes(mode)) {
    throw new PostgresSettingsError(`sslmode "${mode}" is not one of ${sslModes.join(', ')}.`);
  }
  const socket = host.startsWith('/');
  const user = decodeURIComponent(address.username);
  const password = decodeURIComponent(address.password);
  const applicationName = query('application_name');
  return {
    host,
    port: Number(address.port || 5432),
    database: decodeURIComponent(address.pathname.slice(1)) || user || 'postgres',
    ...(user ? { user } : {}),
    ...(password ? { password } : {}),
    ...(applicationName ? { application_name: applicationName } : {}),
    ssl: socket || mode === 'disable' ? false : tlsOptions(mode, query),
    tlsOptional: !socket && (mode === 'prefer' || mode === 'allow'),
  };
}

/**
 * Asks the server whether it speaks TLS where both are welcome (`prefer`), else answers at once.
 * @throws the socket's error when the server cannot be reached within `timeoutMs`
 */
export async function settleTls(wanted: WantedSettings, timeoutMs: number): Promise<PostgresSettings> {
  const { tlsOptional, ...settings } = wanted;
  if (!tlsOptional || (await speaksTls(settings, timeoutMs))) return settings;
  return { ...settings, ssl: false };
}

function parseAddress(url: string): URL {
  const address = URL.canParse(url) ? new URL(url) : undefined;
  if (address?.protocol !== 'postgres:' && address?.protocol !== 'postgresql:') {
    throw new PostgresSettingsError('The database URL is not of the form postgres://[user@]host[:port]/database.');
  }
  return address;
}

function tlsOptions(mode: string, query: (key: string) => string | undefined): ConnectionOptions {
  const root = query('sslrootcert');
  const certificate = query('sslcert');
  const key = query('sslkey');
  const files: ConnectionOptions = {
    ...(root && root !== 'system' ? { ca: readCertificate('sslrootcert', root) } : {}),
    ...(certificate ? { cert: readCertificate('sslcert', certificate) } : {}),
    ...(key ? { key: readCertificate('sslkey', key) } : {}),
  };
  if (mode === 'verify-full') return { ...files, rejectUnauthorized: true };
  if (mode === 'verify-ca' || (mode === 'require' && files.ca)) {
    if (!files.ca) {
      throw new PostgresSettingsError(
        'sslmode "verify-ca" needs sslrootcert=<file>; use "verify-full" for public ones.',
      );
    }
    return { ...files, rejectUnauthorized: true, checkServerIdentity: () => undefined };
  }
  return { ...files, rejectUnauthorized: false };
}

function readCertificate(parameter: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new PostgresSettingsError(`The file that ${parameter} names cannot be read.`, { cause });
  }
}

function speaksTls({ host, port }: PostgresSettings, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const timeout = AbortSignal.timeout(timeoutMs);
    timeout.addEventListener('abort', () => socket.destroy(new Error('timeout expired')), { once: true });
    socket.once('connect', () => socket.write(sslRequest));
    socket.once('data', (answer) => {
      resolve(answer.toString('latin1').startsWith('S'));
      socket.destroy();
    });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error('Connection terminated unexpectedly')));
  });
}
