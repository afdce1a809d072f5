import { existsSync } from 'node:fs';
import { lstat, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { homeAt } from '../home.ts';
import { isSame } from '../supervisor/identity.mjs';
import { readHouse } from '../supervisor/lock.ts';

/** How the folders of demos are named in the temporary folder. */
export const demoPrefix = 'majordomo-demo-';

/** Its presence says that the owner wants to keep a demo's folder. */
export const keptFile = (home: string): string => join(home, 'kept');

/**
 * Removes what killed demos left, keys included: folders of ours whose house says that it runs, and of which nothing does
 * any more. A demo that ended by itself has no such record, and one that still starts has none yet.
 */
export async function sweepAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const home = join(folder, name);
    if (name.startsWith(demoPrefix) && (await isAbandoned(home))) await rm(home, { recursive: true, force: true });
  }
}

async function isAbandoned(home: string): Promise<boolean> {
  const found = await lstat(home).catch(() => undefined);
  if (!found?.isDirectory() || found.uid !== process.getuid?.() || existsSync(keptFile(home))) return false;
  const record = readHouse(join(homeAt(home).run, 'house.json'));
  return record !== undefined && ![record.supervisor, ...record.children].some(isSame);
}
