import { existsSync } from 'node:fs';
import { copyFile, mkdir, open, readdir, rename, stat, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Config } from '../config.ts';
import { clusterMajor } from '../engines/postgres.ts';
import { requireKeys } from '../preflight.ts';
import { version } from '../version.ts';
import { filesIn, flush, hashOf, mebibytes, run } from './files.ts';
import { archiveFormat, type Manifest } from './manifest.ts';
import { restoredFile } from './marker.ts';
import { copyPostgres } from './postgres.ts';
import { type Still, whileItStands } from './standing.ts';
import { copyTemporal } from './temporal.ts';
import { inWorkFolder } from './work-folder.ts';

export interface BackupOptions {
  config: Config;
  env: NodeJS.ProcessEnv;
  say: (line: string) => void;
  /** The archive; it must not exist yet. Default: majordomo-<time>.tar in the current folder. */
  to?: string | undefined;
  /** Most MiB a second that are read from the database; as fast as it can by default. */
  rate?: number | undefined;
  /** Ends it, and leaves nothing behind. */
  signal: AbortSignal;
}

/** What was written. */
export interface BackupResult {
  file: string;
  bytes: number;
  takenAt: string;
  /** How long Temporal stood still; 0 when the house did not run. */
  frozenMs: number;
  keyring: 'in the archive' | 'in MAJORDOMO_KEYS';
}

/** There is nothing to back up, or not by us; the message says what to do. */
export class BackupRefused extends Error {
  override name = 'BackupRefused';
}

/**
 * Writes one archive of the whole house, running or not: Temporal's state first, then Postgres, which so knows all that
 * the flows believe; then the keys. It gets its name only when it is whole and on the disk.
 */
export async function backup(options: BackupOptions): Promise<BackupResult> {
  const { config, env, say, signal } = options;
  await requireHouse(config, env);
  const file = resolve(options.to ?? `majordomo-${new Date().toISOString().slice(0, 19).replaceAll(':', '-')}Z.tar`);
  if (existsSync(file)) throw new BackupRefused(`${file} exists already; give another name with --to.`);
  return inWorkFolder(join(dirname(file), '.majordomo-backup'), async (work) => {
    const content = join(work, 'content');
    const copied = await whileItStands(config, say, (still) => copyHouse({ ...options, content, still }));
    say('Writing the archive …');
    const unfinished = join(work, 'archive.tar');
    await pack(content, unfinished, signal);
    const { size } = await stat(unfinished);
    await rename(unfinished, file);
    await flush(dirname(file));
    say(`Wrote ${mebibytes(size)} to ${file}. It holds the keys: guard it as you guard the house.`);
    return { file, bytes: size, ...copied };
  });
}

async function requireHouse(config: Config, env: NodeJS.ProcessEnv): Promise<void> {
  const { home, databaseUrl, temporalAddress } = config;
  if (databaseUrl !== undefined || temporalAddress !== undefined) {
    throw new BackupRefused(
      'DATABASE_URL or TEMPORAL_ADDRESS is set, so not everything is ours to back up: see "Backup" in docs/operating.md.',
    );
  }
  if ((await clusterMajor(home.postgres)) === undefined) throw new BackupRefused(`There is no house in ${home.root}.`);
  if (existsSync(restoredFile(home.root))) {
    throw new BackupRefused('This house was restored and has not been started since: start it once, then back it up.');
  }
  await requireKeys(config, env);
}

/** Copies the parts into `content` and writes the manifest beside them. */
async function copyHouse(
  options: BackupOptions & { content: string; still: Still },
): Promise<Omit<BackupResult, 'file' | 'bytes'>> {
  const { config, content, say, still, signal } = options;
  for (const folder of ['temporal', 'postgres', 'keys']) await mkdir(join(content, folder), { recursive: true });
  say("Copying Temporal's state …");
  const frozenMs = await copyTemporal({ from: config.home.temporal, to: join(content, 'temporal'), ...still });
  if (frozenMs > 0) say(`  it stood still for ${frozenMs} ms`);
  signal.throwIfAborted();
  // From here on Postgres may know more; what it knew at this moment is in its copy.
  const takenAt = new Date().toISOString();
  say('Copying Postgres …');
  const { major, migrations } = await copyPostgres({ ...options, to: join(content, 'postgres') });
  for (const entry of await readdir(config.home.keys, { withFileTypes: true }))
    if (entry.isFile()) await copyFile(join(config.home.keys, entry.name), join(content, 'keys', entry.name));
  const manifest: Manifest = {
    format: archiveFormat,
    house: version,
    takenAt,
    postgresMajor: major,
    migrations,
    files: await describe(content),
  };
  await writeFile(join(content, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  const keyring = manifest.files.some(({ path }) => path === 'keys/keyring.json');
  if (!keyring)
    say('The keyring is in MAJORDOMO_KEYS and not in the archive: without it nobody can restore the house.');
  return { takenAt, frozenMs, keyring: keyring ? 'in the archive' : 'in MAJORDOMO_KEYS' };
}

async function describe(content: string): Promise<Manifest['files']> {
  const files: Manifest['files'] = [];
  for (const path of await filesIn(content)) {
    const file = join(content, path);
    files.push({ path, bytes: (await stat(file)).size, sha256: await hashOf(file) });
  }
  return files;
}

/** One tar, the manifest first, for its owner alone, on the disk when this resolves. */
async function pack(content: string, to: string, signal: AbortSignal): Promise<void> {
  const handle = await open(to, 'wx', 0o600);
  try {
    await run('tar', ['-cf', '-', '-C', content, 'manifest.json', 'keys', 'temporal', 'postgres'], {
      output: handle.fd,
      signal,
    });
    await handle.sync();
  } finally {
    await handle.close();
  }
}
