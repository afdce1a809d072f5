import type { Keyring } from '../../adapters/keyring.ts';
import { connectPostgres } from '../../adapters/postgres.ts';
import { wakeRestoredFlows } from '../../adapters/restored-flows.ts';
import { rolePassword } from '../../adapters/role-password.ts';
import { createRestoreStore } from '../../adapters/store/restores.ts';
import { connectTemporal } from '../../adapters/temporal.ts';
import { keyedTools } from '../../contracts/names.ts';
import { readMarker, removeMarker } from './marker.ts';

export interface Settling {
  home: string;
  env: NodeJS.ProcessEnv;
  keyring: Keyring;
  /** Of the database, with or without credentials. */
  databaseUrl: string;
  temporalAddress: string;
  temporalNamespace: string;
  say: (line: string) => void;
}

const role = 'majordomo_core';

/**
 * The first start after a restore, before worker and api: marks in Postgres what the backup cannot know, and wakes the
 * flows. Killed in between, the next start does it again, to the same end.
 */
export async function settleRestore(options: Settling): Promise<void> {
  const restored = readMarker(options.home);
  if (restored === undefined) return;
  const { env, keyring, databaseUrl: url, temporalAddress: address, temporalNamespace: namespace } = options;
  const core = connectPostgres({ url, env, role, password: rolePassword(keyring, role) });
  try {
    const takenAt = new Date(restored.takenAt);
    await createRestoreStore(core).record({ id: restored.id, takenAt, keyedTools });
  } finally {
    await core.close();
  }
  const temporal = await connectTemporal({ address, namespace });
  try {
    await wakeRestoredFlows(temporal);
  } finally {
    await temporal.close();
  }
  await removeMarker(options.home);
  options.say(`This house was restored from a backup of ${restored.takenAt}; its owners are told what that means.`);
}
