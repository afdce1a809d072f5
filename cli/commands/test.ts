import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from './command.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

export const testCommand: Command = {
  name: 'test',
  summary: 'run the tests on a real Postgres and a real Temporal server; arguments go to vitest',
  passArguments: true,
  run: async ({ env }, { args }) => {
    const vitest = join(dirname(createRequire(import.meta.url).resolve('vitest/package.json')), 'vitest.mjs');
    // A part of the tests says nothing about the coverage of the whole.
    const coverage = args.length === 0 ? ['--coverage'] : [];
    const child = spawn(process.execPath, [vitest, 'run', ...coverage, ...args], { cwd: root, env, stdio: 'inherit' });
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill(signal));
    await once(child, 'exit');
    return child.exitCode ?? 1;
  },
};
