/** Who a process is, so that a recycled pid is never taken for it. Plain JavaScript: the guard runs without a loader. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const startField = 19;

/** Reads a process from /proc; undefined when it is gone or only waits to be reaped. */
function fromProc(pid) {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z' || fields[0] === 'X') return undefined;
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
    return { pid, start: fields[startField], command };
  } catch {
    return undefined;
  }
}

/** Reads a process with ps, where there is no /proc (macOS). */
export function fromPs(pid) {
  try {
    const env = { ...process.env, LC_ALL: 'C' };
    const read = (column) =>
      execFileSync('ps', ['-o', `${column}=`, '-p', String(pid)], {
        encoding: 'utf8',
        env,
        stdio: ['ignore', 'pipe', 'ignore'],
      }).trim();
    if (/^[ZX]/.test(read('stat'))) return undefined;
    return { pid, start: read('lstart'), command: read('command') };
  } catch {
    return undefined;
  }
}

export function identify(pid) {
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid);
}

export function isSame(known) {
  return identify(known.pid)?.start === known.start;
}
