import { constants } from 'node:fs';
import { copyFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Identity } from '../supervisor/identity.mjs';
import { whileFrozen } from './freeze.ts';

/** Far below the 10 s of silence after which a send counts as dead. */
const mostFrozenMs = 4000;

/**
 * Copies the database and its log as a kill would leave them: the server stands still meanwhile. Resolves with the
 * milliseconds for which it did. Throws NotFrozen.
 */
export async function copyTemporal(options: {
  from: string;
  to: string;
  temporal: Identity | undefined;
}): Promise<number> {
  if (options.temporal === undefined) {
    await copyFiles(options);
    return 0;
  }
  let begun = 0;
  await whileFrozen(options.temporal, mostFrozenMs, () => {
    begun = Date.now();
    return copyFiles(options);
  });
  return Date.now() - begun;
}

async function copyFiles({ from, to }: { from: string; to: string }): Promise<void> {
  // The index of the log (-shm) is made anew from it.
  const names = (await readdir(from)).filter((name) => /^temporal\.db(?:-wal|-journal)?$/.test(name));
  for (const name of names) await copyFile(join(from, name), join(to, name), constants.COPYFILE_FICLONE);
}
