import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';

interface Row {
  pid: number;
  parent: number;
  kilobytes: number;
}

/**
 * Resident memory in MiB by pid, each with its descendants as far as they are not listed themselves. Pages that
 * processes share are counted in each of them.
 */
export function residentMemory(pids: readonly number[]): Map<number, number> {
  const rows = processTable();
  const sum = (pid: number): number => {
    const own = rows.find((row) => row.pid === pid)?.kilobytes ?? 0;
    const helpers = rows.filter((row) => row.parent === pid && !pids.includes(row.pid));
    return helpers.reduce((total, row) => total + sum(row.pid), own);
  };
  return new Map(pids.map((pid) => [pid, Math.round(sum(pid) / 1024)]));
}

function processTable(): Row[] {
  if (process.platform === 'linux')
    return readdirSync('/proc').flatMap((name) => (/^\d+$/.test(name) ? fromProc(name) : []));
  const text = execFileSync('ps', ['-axo', 'pid=,ppid=,rss='], { encoding: 'utf8' });
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [pid = 0, parent = 0, kilobytes = 0] = line.trim().split(/\s+/).map(Number);
      return { pid, parent, kilobytes };
    });
}

/** A process that ends while we read is left out. */
function fromProc(name: string): Row[] {
  try {
    const status = readFileSync(`/proc/${name}/status`, 'utf8');
    const field = (key: string) => Number(new RegExp(`^${key}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
    return [{ pid: Number(name), parent: field('PPid'), kilobytes: field('VmRSS') }];
  } catch {
    return [];
  }
}
