import { constants } from 'node:fs';
import { access, chmod, chown, lstat, mkdir, open, readdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { readChain } from '../../adapters/migration-files.ts';
import { type Account, unprivilegedAccount } from '../engines/account.ts';
import { findEngine } from '../engines/find.ts';
import { homeAt } from '../home.ts';
import { migrationPlace } from '../migrate.ts';
import { runningHouse } from '../supervisor/lock.ts';
import { flush, hashOf, run } from './files.ts';
import { ArchiveInvalid, type Manifest, parseManifest, parts } from './manifest.ts';
import { markerText, restoredFile } from './marker.ts';
import { inWorkFolder } from './work-folder.ts';

export interface RestoreOptions {
  archive: string;
  /** The state folder to be; it must be empty or not there. */
  home: string;
  /** Where the engines are, when not in that folder. */
  engines: string | undefined;
  env: NodeJS.ProcessEnv;
  say: (line: string) => void;
  signal: AbortSignal;
}

/** What was restored. */
export interface RestoreResult {
  home: string;
  takenAt: string;
  /** Version of the house that made the archive. */
  house: string;
  files: number;
}

/** The folder cannot be restored into; nothing was touched. */
export class RestoreRefused extends Error {
  override name = 'RestoreRefused';
}

/**
 * Makes a state folder out of an archive. Everything is checked and unpacked beside it, and the folder appears whole, with
 * a mark that makes the next start tell the house what it cannot know.
 * @throws RestoreRefused, ArchiveInvalid, ToolFailed, EngineMissing
 */
export async function restore(options: RestoreOptions): Promise<RestoreResult> {
  const archive = resolve(options.archive);
  const home = resolve(options.home);
  const { say, signal } = options;
  await requireEmpty(home);
  await access(archive, constants.R_OK).catch(() => {
    throw new ArchiveInvalid(`${archive} cannot be read.`);
  });
  const manifest = parseManifest(await manifestOf(archive, signal));
  await requireKnownMigrations(manifest, options.env);
  return inWorkFolder(`${home}.restoring`, async (work) => {
    const next = join(work, 'home');
    await openFolder(work);
    await openFolder(next);
    await requireEngine(manifest, next, options);
    say(`Checking the archive of ${manifest.takenAt} …`);
    const content = join(work, 'content');
    await unpackChecked(archive, content, manifest, signal);
    say('Unpacking …');
    await layOut({ content, next, manifest, signal });
    await rename(next, home).catch((error: Error) => {
      throw new RestoreRefused(
        `${home} cannot be put in place (${error.message}); choose a folder that is no mount point.`,
      );
    });
    await flush(dirname(home));
    say(`Restored. Start it with: MAJORDOMO_HOME=${home} npm start`);
    return { home, takenAt: manifest.takenAt, house: manifest.house, files: manifest.files.length };
  });
}

async function requireEmpty(home: string): Promise<void> {
  const names = await readdir(home).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw new RestoreRefused(`${home} is no folder that can be restored into: ${error.message}`);
  });
  if (runningHouse(join(homeAt(home).run, 'house.json')) !== undefined)
    throw new RestoreRefused(`A house runs in ${home}; stop it, and restore into another folder.`);
  if (names.length > 0)
    throw new RestoreRefused(`${home} is not empty; restore into a new folder with --home, or move this one away.`);
}

async function manifestOf(archive: string, signal: AbortSignal): Promise<string> {
  return run('tar', ['-xOf', archive, 'manifest.json'], { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new ArchiveInvalid(`${archive} is no archive of a house, or a damaged one.`, { cause: error });
  });
}

/** Migrations go forward only: a house that lacks one that was applied is too old for this archive. */
async function requireKnownMigrations({ migrations, house }: Manifest, env: NodeJS.ProcessEnv): Promise<void> {
  const { directory, chains } = migrationPlace('', env);
  const known = new Set<string>();
  for (const chain of chains) for (const { name } of await readChain(directory, chain)) known.add(`${chain}/${name}`);
  const missing = migrations.filter((file) => !known.has(file));
  if (missing.length > 0)
    throw new ArchiveInvalid(
      `The archive was made by Majordomo ${house}, whose database has ${missing.join(', ')}; this version does not know that. Update it first.`,
    );
}

async function requireEngine(manifest: Manifest, next: string, { engines, env, say }: RestoreOptions): Promise<void> {
  const cacheDir = engines ?? homeAt(next).engines;
  await mkdir(cacheDir, { recursive: true });
  await findEngine('postgres', { cacheDir, env, say, dataMajor: manifest.postgresMajor });
}

/** As root, Postgres' account must pass through. */
async function openFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  await chmod(folder, process.getuid?.() === 0 ? 0o711 : 0o700);
}

/** Takes out of the archive what the manifest names and nothing else, and compares each file with it. */
async function unpackChecked(archive: string, content: string, manifest: Manifest, signal: AbortSignal): Promise<void> {
  await mkdir(content, { mode: 0o700 });
  const paths = manifest.files.map(({ path }) => path);
  await run('tar', ['-xf', archive, '-C', content, ...paths], { signal }).catch((error: unknown) => {
    signal.throwIfAborted();
    throw new ArchiveInvalid(`The archive is damaged: ${error instanceof Error ? error.message : String(error)}`);
  });
  for (const { path, bytes, sha256 } of manifest.files) {
    signal.throwIfAborted();
    const file = join(content, path);
    const found = await lstat(file);
    if (!found.isFile() || found.size !== bytes || (await hashOf(file)) !== sha256)
      throw new ArchiveInvalid(`The archive is damaged: ${path} is not what its manifest says. Nothing was restored.`);
  }
}

interface Laying {
  content: string;
  next: string;
  manifest: Manifest;
  signal: AbortSignal;
}

async function layOut({ content, next, manifest, signal }: Laying): Promise<void> {
  const home = homeAt(next);
  for (const [name, to] of [
    ['keys', home.keys],
    ['temporal', home.temporal],
  ] as const) {
    await rename(join(content, name), to);
    await chmod(to, 0o700);
    for (const file of await readdir(to)) {
      await chmod(join(to, file), 0o600);
      await flush(join(to, file));
    }
  }
  await layOutPostgres({ content, cluster: join(home.postgres, 'data'), signal });
  await writeFile(restoredFile(next), markerText(manifest.takenAt), { mode: 0o600, flush: true });
  await flush(next);
}

/** As the account that Postgres will run under: the files are its own. The server itself puts them on the disk at its start. */
async function layOutPostgres({ content, cluster, signal }: { content: string; cluster: string; signal: AbortSignal }) {
  const account = await unprivilegedAccount(dirname(cluster));
  await mkdir(dirname(cluster), { mode: 0o700 });
  await mkdir(cluster, { mode: 0o700 });
  if (account !== undefined)
    for (const folder of [dirname(cluster), cluster]) await chown(folder, account.uid, account.gid);
  await unpackAs(account, join(content, parts.base), cluster, signal);
  await unpackAs(account, join(content, parts.wal), join(cluster, 'pg_wal'), signal);
}

async function unpackAs(
  account: Account | undefined,
  archive: string,
  folder: string,
  signal: AbortSignal,
): Promise<void> {
  const handle = await open(archive, 'r');
  try {
    await run('tar', ['-xf', '-', '-C', folder], { input: handle.fd, account, signal });
  } finally {
    await handle.close();
  }
}
