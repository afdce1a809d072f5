import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, vi } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A command that runs in a process of its own. */
export interface RunningCommand {
  pid: number;
  /** Everything it has written so far, to stdout and stderr. */
  output: () => string;
  /** Resolves when the output has the text; rejects with the output when the command ends first or 90 s are over. */
  says: (text: string) => Promise<void>;
  kill: (signal: NodeJS.Signals) => void;
  /** Exit code, or the signal that ended it. */
  ended: Promise<number | string>;
}

/** Runs a script of this repository, TypeScript or not, with exactly this environment on top of PATH and HOME. */
export function runCommand(script: string, args: string[], env: NodeJS.ProcessEnv, cwd = root): RunningCommand {
  const loader = script.endsWith('.ts') ? ['--import', 'tsx'] : [];
  const child = spawn(process.execPath, [...loader, script, ...args], {
    cwd,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  let over = false;
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'close').then(() => {
    over = true;
    return child.exitCode ?? child.signalCode ?? 'unknown';
  });
  return {
    pid: child.pid ?? 0,
    output: () => output,
    says: async (text) => {
      await vi.waitFor(() => expect(over || output.includes(text)).toBe(true), { timeout: 90_000 });
      expect(output).toContain(text);
    },
    kill: (signal) => child.kill(signal),
    ended,
  };
}
