import { loadKeyring } from '../../adapters/keyring.ts';
import { settleRestore } from '../backup/settle.ts';
import { prepareDatabase, prepareTemporalNamespace } from '../supervisor/house.ts';
import type { Command } from './command.ts';

/** For houses whose Postgres and Temporal are run by somebody else, such as docker-compose.temporal.yml. */
export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'prepare a given database and Temporal namespace: migrations, roles, retention, search attributes',
  run: async ({ config, env, say }) => {
    const { databaseUrl, temporalAddress, temporalNamespace } = config();
    if (databaseUrl === undefined || temporalAddress === undefined) {
      say(
        'Set DATABASE_URL, with its owner and password, and TEMPORAL_ADDRESS; `majordomo up` prepares its own by itself.',
      );
      return 1;
    }
    await Promise.all([
      prepareDatabase(databaseUrl, false, { config: config(), env, say }),
      prepareTemporalNamespace(temporalAddress, temporalNamespace),
    ]);
    await settleRestore({
      home: config().home.root,
      env,
      keyring: loadKeyring({ env, home: config().home.root }),
      databaseUrl,
      temporalAddress,
      temporalNamespace,
      say,
    });
    say('Database and namespace are ready.');
    return 0;
  },
};
