import { stat } from 'node:fs/promises';
import { exec } from './engine.ts';

/** A system account for a server that refuses to run as root. */
export interface Account {
  name: string;
  uid: number;
  gid: number;
}

/** In this order: accounts that packaged Postgres servers make (Linux, macOS), then the one every system has. */
const candidates = ['postgres', '_postgres', 'nobody'];

/** No unprivileged account exists on this machine. */
export class NoAccount extends Error {
  override name = 'NoAccount';
}

/**
 * The account a server must run as: undefined when we are not root, else the owner of an existing data folder, else
 * the first candidate of this machine.
 */
export async function unprivilegedAccount(dataDir: string): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  const folder = await stat(dataDir).catch(() => undefined);
  if (folder !== undefined && folder.uid !== 0)
    return { name: `account ${folder.uid}`, uid: folder.uid, gid: folder.gid };
  for (const name of candidates) {
    const found = await idsOf(name).catch(() => undefined);
    if (found !== undefined) return { name, ...found };
  }
  throw new NoAccount(`Postgres does not run as root and there is none of the accounts ${candidates.join(', ')}.`);
}

async function idsOf(name: string): Promise<{ uid: number; gid: number }> {
  const [uid, gid] = await Promise.all(
    ['-u', '-g'].map(async (flag) => Number((await exec('id', [flag, name])).stdout)),
  );
  return { uid: uid ?? 0, gid: gid ?? 0 };
}
