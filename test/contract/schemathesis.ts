import { spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { enginesFolder } from '../support/engines.ts';

const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url));
const advice = 'The contract test needs Python ≥ 3.11 with pip; on Debian: apt install python3 python3-pip';

/** Runs a program to its end. Throws when it cannot be run at all. */
async function run(command: string, args: string[], env: NodeJS.ProcessEnv = {}) {
  const child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const failed = once(child, 'error').then(([error]) => Promise.reject(new Error(advice, { cause: error })));
  const ended = Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const [out, errors] = await Promise.race([ended, failed]);
  return { code: child.exitCode, output: `${out}${errors}` };
}

/**
 * Runs the pinned Schemathesis with these arguments; its first use fetches it into the cache of the engines. Throws its
 * report when it found anything.
 */
export async function schemathesis(args: string[], env: NodeJS.ProcessEnv): Promise<void> {
  const folder = await installed();
  const own = { PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' };
  const program = join(folder, 'bin', 'schemathesis');
  const { code, output } = await run('python3', ['-s', program, ...args], { ...own, ...env });
  if (code !== 0) throw new Error(output);
}

/** A folder per content of the requirements and version of Python, for some wheels are compiled. */
async function installed(): Promise<string> {
  const asked = await run('python3', ['-c', 'import sys; print("%d.%d" % sys.version_info[:2])']);
  const version = asked.output.trim();
  if (asked.code !== 0 || !(Number(version.split('.')[1]) >= 11)) throw new Error(`${advice}. There is: ${version}`);
  const hash = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 12);
  const folder = join(enginesFolder(), `schemathesis-${hash}-python${version}`);
  if (!existsSync(folder)) await install(folder);
  return folder;
}

/** In one rename, so that an interrupted run leaves nothing that counts as installed. */
async function install(folder: string): Promise<void> {
  const work = `${folder}.${randomUUID()}`;
  await mkdir(work, { recursive: true });
  try {
    const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--target', work];
    const { code, output } = await run('python3', [
      ...pip,
      '--only-binary=:all:',
      '--require-hashes',
      '-r',
      requirements,
    ]);
    if (code !== 0) throw new Error(`${advice}\n${output}`);
    await rename(work, folder).catch((error: unknown) => {
      if (!existsSync(folder)) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}
