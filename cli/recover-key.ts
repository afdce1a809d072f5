import { firstKeyPath, recoverKey } from '../adapters/first-key.ts';
import { loadKeyring } from '../adapters/keyring.ts';
import { connectPostgres, DatabaseUnavailable } from '../adapters/postgres.ts';
import { rolePassword } from '../adapters/role-password.ts';
import { createKeyStore } from '../adapters/store/keys.ts';
import { NoHouse } from './ask.ts';
import type { CommandContext } from './commands/command.ts';
import type { Config } from './config.ts';
import { houseFileOf } from './supervisor/house.ts';
import { runningHouse } from './supervisor/lock.ts';

/** Whoever holds the state folder holds the house: its keyring opens the database, and so no API key is asked for. */
export async function recoverTheKey({ config, env }: Pick<CommandContext, 'config' | 'env'>) {
  const home = config().home.root;
  const url = databaseUrl(config());
  const password = rolePassword(loadKeyring({ env, home }), 'majordomo_core');
  const core = connectPostgres({ url, env, role: 'majordomo_core', password, max: 1 });
  try {
    return { file: firstKeyPath(home), made: (await recoverKey(createKeyStore(core), home)) === 'made' };
  } catch (error) {
    if (error instanceof DatabaseUnavailable)
      throw new NoHouse('The database does not answer. Is it up? npx majordomo status');
    throw error;
  } finally {
    await core.close();
  }
}

function databaseUrl(config: Config): string {
  if (config.databaseUrl !== undefined) return config.databaseUrl;
  const address = runningHouse(houseFileOf(config))?.addresses['postgres'];
  if (address === undefined) throw new NoHouse('The database runs with the house. Start it with: npm start');
  return `postgres://${address}/majordomo`;
}
