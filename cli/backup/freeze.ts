import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isSame } from '../supervisor/identity.mjs';
import type { Identity } from '../supervisor/identity.mjs';

const script = fileURLToPath(new URL('freeze.mjs', import.meta.url));

/** A process could not be held still long enough; whatever was copied meanwhile is not to be used. */
export class NotFrozen extends Error {
  override name = 'NotFrozen';
}

/**
 * Does `work` while a process stands still. A helper in a session of its own stops it and lets it go on: at the end of
 * the work, when this process dies in whatever way, and after `mostMs`. Throws NotFrozen when that time was too short.
 */
export async function whileFrozen<T>(target: Identity, mostMs: number, work: () => Promise<T>): Promise<T> {
  const helper = spawn(process.execPath, [script, String(target.pid), target.start, String(mostMs)], {
    detached: true,
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  helper.stdin.on('error', () => {});
  const exited = once(helper, 'exit');
  try {
    const frozen = await Promise.race([once(helper.stdout, 'data').then(() => true), exited.then(() => false)]);
    if (!frozen) throw new NotFrozen(`Process ${target.pid} could not be stopped for a copy.`);
    const result = await work();
    helper.stdin.end();
    await exited;
    if (helper.exitCode !== 0)
      throw new NotFrozen(
        `Copying took more than ${mostMs / 1000} s, for which Temporal may not stand still. Stop the house with npx majordomo down, then back it up.`,
      );
    return result;
  } finally {
    helper.stdin.end();
    await exited;
    // A helper that was killed has not let it go on.
    if (helper.signalCode !== null && isSame(target)) process.kill(target.pid, 'SIGCONT');
  }
}
