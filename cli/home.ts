import { chmod, mkdir, readdir, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The folders of the state folder. */
export interface Home {
  root: string;
  engines: string;
  postgres: string;
  temporal: string;
  keys: string;
  logs: string;
  run: string;
}

/** MAJORDOMO_HOME, else /var/lib/majordomo for root, else $XDG_STATE_HOME/majordomo, else ~/.local/state/majordomo. */
export function homePath(env: NodeJS.ProcessEnv, uid: number | undefined = process.getuid?.()): string {
  if (env['MAJORDOMO_HOME']) return resolve(env['MAJORDOMO_HOME']);
  if (uid === 0) return '/var/lib/majordomo';
  return join(env['XDG_STATE_HOME'] || join(homedir(), '.local', 'state'), 'majordomo');
}

/** Names the folders in `root`; makes nothing. `engines` may lie elsewhere, so that several homes share it. */
export function homeAt(root: string, engines = join(root, 'engines')): Home {
  const at = (name: string) => join(root, name);
  return {
    root,
    engines,
    postgres: at('postgres'),
    temporal: at('temporal'),
    keys: at('keys'),
    logs: at('logs'),
    run: at('run'),
  };
}

/** The folder cannot be a state folder; it was not touched. The message says why and what to do. */
export class HomeUnusable extends Error {
  override name = 'HomeUnusable';
}

export interface MakeOptions {
  uid?: number | undefined;
  say?: (line: string) => void;
}

/**
 * Makes the folders, for the owner alone (0700). When we are root, Postgres runs as another account and must pass
 * through the root folder to its binaries and its data: then the root folder is 0711 and `engines` 0755. Throws
 * HomeUnusable for a folder that is somebody else's.
 */
export async function makeHome(home: Home, options: MakeOptions = {}): Promise<void> {
  const { uid = process.getuid?.(), say = () => {} } = options;
  const isRoot = uid === 0;
  const wanted = isRoot ? 0o711 : 0o700;
  const before = await requireOurs(home);
  await mkdir(home.root, { recursive: true });
  if (before !== wanted) await chmod(home.root, wanted);
  if (before !== undefined && (before & ~wanted) !== 0)
    say(`${home.root} was open to others (${before.toString(8)}); from now on it is not (${wanted.toString(8)}).`);
  await mkdir(home.engines, { recursive: true });
  if (isRoot) await chmod(home.engines, 0o755);
  for (const folder of [home.temporal, home.keys, home.logs, home.run]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
  }
}

/** What the house itself puts into its folder, and what a file system puts into its own. */
const ownNames = new Set([
  'engines',
  'postgres',
  'temporal',
  'keys',
  'logs',
  'run',
  'restored.json',
  'kept',
  'lost+found',
]);

/** The mode of the root folder; undefined when there is none yet. Throws HomeUnusable. */
async function requireOurs({ root }: Home): Promise<number | undefined> {
  const names = await readdir(root).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new HomeUnusable(`${root} cannot be the state folder: ${error.message}`);
  });
  if (names === undefined) return undefined;
  const isHouse = names.includes('keys') && names.includes('run');
  if (!isHouse && names.some((name) => !ownNames.has(name)))
    throw new HomeUnusable(`${root} holds other things than a house: set MAJORDOMO_HOME to a folder of its own.`);
  const { mode } = await stat(root);
  if (mode & 0o002)
    throw new HomeUnusable(
      `Everybody may write to ${root} (${(mode & 0o7777).toString(8)}): set MAJORDOMO_HOME to a folder of its own, or run: chmod 700 ${root}`,
    );
  return mode & 0o777;
}
