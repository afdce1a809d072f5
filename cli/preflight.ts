import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Keyring, loadKeyring } from '../adapters/keyring.ts';
import { postgresSettings, PostgresSettingsError } from '../adapters/postgres-settings.ts';
import { smtpSettings, SmtpSettingsError } from '../adapters/smtp-settings.ts';
import type { Butler } from '../contracts/butler.ts';
import { loadRoster } from '../roster/load.ts';
import { apiEnvironment } from '../workers/api-environment.ts';
import type { Config } from './config.ts';
import { clusterMajor } from './engines/postgres.ts';

/** A key without which what is in the state folder cannot be read is not there. */
export class KeyMissing extends Error {
  override name = 'KeyMissing';
}

const rosterFolder = fileURLToPath(new URL('../roster', import.meta.url));

/** Checks what migrations and api read for themselves. Throws EnvironmentInvalid or PostgresSettingsError. */
export function requireSettings({ databaseUrl }: Config, env: NodeJS.ProcessEnv): void {
  apiEnvironment(env);
  if (databaseUrl !== undefined) postgresSettings(databaseUrl, env);
  else if (!['disable', 'allow', 'prefer'].includes(env['POSTGRES_SSLMODE'] || 'prefer')) {
    throw new PostgresSettingsError(
      'POSTGRES_SSLMODE must be disable, allow or prefer for the embedded Postgres, which speaks no TLS; give another by DATABASE_URL.',
    );
  }
}

/** The butlers, when all that they need is set. Throws RosterError or SmtpSettingsError. */
export function requireRoster(env: NodeJS.ProcessEnv): Butler[] {
  const butlers = loadRoster({ directory: rosterFolder, env });
  for (const { modules } of butlers) {
    if (modules.groceries?.channel === 'email' && smtpSettings(env, modules.email?.bot) === undefined) {
      throw new SmtpSettingsError(
        'The order channel is e-mail, and no mail account is set: set MAJORDOMO_SMTP_HOST and its like, or choose the channel "owner".',
      );
    }
  }
  return butlers;
}

/**
 * The keyring; undefined before the first start, which makes one. A house with data never gets a new one: that could
 * read nothing. Throws KeyMissing or KeyringInvalid.
 */
export async function requireKeys(config: Config, env: NodeJS.ProcessEnv): Promise<Keyring | undefined> {
  const { home, databaseUrl } = config;
  const hasCluster = (await clusterMajor(home.postgres)) !== undefined;
  const password = join(home.keys, 'postgres.password');
  if (hasCluster && databaseUrl === undefined && !existsSync(password)) {
    throw new KeyMissing(`The password of the database is missing: bring back ${password}.`);
  }
  const file = join(home.keys, 'keyring.json');
  if (!env['MAJORDOMO_KEYS'] && !existsSync(file)) {
    if (!hasCluster && !existsSync(join(home.temporal, 'temporal.db'))) return undefined;
    throw new KeyMissing(
      `The keyring is missing, and without it nobody can read what Temporal keeps: bring back ${file} or set MAJORDOMO_KEYS.`,
    );
  }
  return loadKeyring({ env, home: home.root });
}

/** Throws what would stop worker or api at their start, before anything is made; then makes the first keyring. */
export async function preflight(config: Config, env: NodeJS.ProcessEnv): Promise<void> {
  requireSettings(config, env);
  requireRoster(env);
  // Made before the data: a start that is killed in between leaves a keyring without data, never the reverse.
  if ((await requireKeys(config, env)) === undefined) loadKeyring({ env, home: config.home.root });
}
