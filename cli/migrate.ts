import { readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Keyring } from '../adapters/keyring.ts';
import { migrate } from '../adapters/migrations.ts';
import type { MigrationPlace } from '../adapters/migrations.ts';
import { rolePassword } from '../adapters/role-password.ts';

const directory = fileURLToPath(new URL('../migrations', import.meta.url));

/** The house's migrations for one database: `core` first, then the butlers' chains by name. */
export function migrationPlace(ownerUrl: string, env: NodeJS.ProcessEnv): MigrationPlace {
  const chains = readdirSync(directory).sort(
    (a, b) => Number(b === 'core') - Number(a === 'core') || a.localeCompare(b),
  );
  return { ownerUrl, env, directory, chains };
}

/** Applies pending migrations and gives the roles the passwords that worker and api derive. Returns what was applied. */
export async function migrateHouse(options: {
  ownerUrl: string;
  env: NodeJS.ProcessEnv;
  keyring: Keyring;
  say: (line: string) => void;
}): Promise<string[]> {
  return migrate({
    ...migrationPlace(options.ownerUrl, options.env),
    rolePassword: (role) => rolePassword(options.keyring, role),
    log: options.say,
  });
}
