/**
 * Stops one process for a moment, and lets it go on whatever happens to who asked: arguments are its pid, its start (see
 * identity.mjs) and the most milliseconds. Says `frozen` once nothing in it runs, and ends at the end of stdin with 0, or
 * with 1 when the time was over before. Plain JavaScript: it runs without a loader.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { setTimeout as wait } from 'node:timers/promises';
import { isSame } from '../supervisor/identity.mjs';

const [pid, start, mostMs] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4])];
const pollMs = 2;
const ended = (code) => {
  if (isSame({ pid, start })) process.kill(pid, 'SIGCONT');
  process.exit(code);
};

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => ended(1));
process.stdout.on('error', () => ended(1));
process.stdin.on('end', () => ended(0)).resume();
setTimeout(() => ended(1), mostMs);

if (!isSame({ pid, start })) process.exit(1);
process.kill(pid, 'SIGSTOP');
while (!isStopped()) await wait(pollMs);
process.stdout.write('frozen\n');

/** Every thread, not only the first: one may still be inside a write. */
function isStopped() {
  if (process.platform !== 'linux')
    return execFileSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).startsWith('T');
  return readdirSync(`/proc/${pid}/task`).every((thread) => {
    const stat = readFileSync(`/proc/${pid}/task/${thread}/stat`, 'utf8');
    return 'TtZX'.includes(stat.slice(stat.lastIndexOf(')') + 2)[0]);
  });
}
