import { chmod, mkdir } from 'node:fs/promises';
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

/**
 * Makes the folders, for the owner alone (0700). When we are root, Postgres runs as another account and must pass
 * through the root folder to its binaries and its data: then the root folder is 0711 and `engines` 0755.
 */
export async function makeHome(home: Home, uid: number | undefined = process.getuid?.()): Promise<void> {
  const isRoot = uid === 0;
  await mkdir(home.root, { recursive: true });
  await chmod(home.root, isRoot ? 0o711 : 0o700);
  await mkdir(home.engines, { recursive: true });
  if (isRoot) await chmod(home.engines, 0o755);
  for (const folder of [home.temporal, home.keys, home.logs, home.run]) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await chmod(folder, 0o700);
  }
}
