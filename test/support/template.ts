import { loadKeyring } from '../../adapters/keyring.ts';
import { ensureDatabase } from '../../cli/engines/postgres.ts';
import { migrateHouse } from '../../cli/migrate.ts';

/** Makes the database that tests clone, with all migrations; returns its name. The keyring is made in `home`. */
export async function makeTemplateDatabase(postgresUrl: string, home: string): Promise<string> {
  const url = new URL(postgresUrl);
  url.pathname = '/template_majordomo';
  await ensureDatabase(url.href);
  await migrateHouse({ ownerUrl: url.href, env: {}, keyring: loadKeyring({ env: {}, home }), say: () => {} });
  return url.pathname.slice(1);
}
