import { chmod, mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/**
 * Does `work` in a folder `<prefix>-<pid>-…` of its owner's alone, and removes it afterwards. What a killed run of the same
 * kind left there is removed first.
 */
export async function inWorkFolder<T>(prefix: string, work: (folder: string) => Promise<T>): Promise<T> {
  await mkdir(dirname(prefix), { recursive: true });
  await removeAbandoned(prefix);
  const folder = await mkdtemp(`${prefix}-${process.pid}-`);
  try {
    await chmod(folder, 0o700);
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function removeAbandoned(prefix: string): Promise<void> {
  const start = `${basename(prefix)}-`;
  for (const name of await readdir(dirname(prefix))) {
    const pid = name.startsWith(start) ? Number(/^(\d+)-/.exec(name.slice(start.length))?.[1]) : 0;
    if (pid > 0 && !isRunning(pid)) await rm(join(dirname(prefix), name), { recursive: true, force: true });
  }
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
