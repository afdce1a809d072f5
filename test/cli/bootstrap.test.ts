import { cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { runCommand } from '../support/command.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
/** What a clone has not. */
const notCloned = new Set(['node_modules', '.git', 'dist', 'coverage', 'test', '.env']);

let folder: string;
let clone: string;
const script = () => join(clone, 'cli', 'bootstrap.mjs');

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'majordomo-clone-'));
  clone = join(folder, 'clone');
  await mkdir(clone);
  for (const name of await readdir(root)) {
    if (!notCloned.has(name)) await cp(join(root, name), join(clone, name), { recursive: true });
  }
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('a fresh clone', () => {
  test('two starts at once install the locked dependencies once, and both go on', { timeout: 180_000 }, async () => {
    const env = { MAJORDOMO_HOME: join(folder, 'home'), npm_config_prefer_offline: 'true' };
    const starts = [1, 2].map(() => runCommand(script(), ['status'], env));
    expect(await Promise.all(starts.map(({ ended }) => ended))).toEqual([1, 1]);
    const outputs = starts.map(({ output }) => output());
    for (const output of outputs) expect(output).toContain('The house does not run');
    expect(outputs.filter((output) => output.includes('Installed in'))).toHaveLength(1);
    expect((await stat(join(clone, 'node_modules/.package-lock.json'))).isFile()).toBe(true);

    const again = runCommand(script(), ['status'], env);
    await again.ended;
    expect(again.output()).toBe('The house does not run. Start it with: npm start\n');
  });

  test('says so when the dependencies cannot be installed', async () => {
    const bin = join(folder, 'bin');
    await mkdir(bin);
    await writeFile(join(bin, 'npm'), '#!/bin/sh\nexit 7\n', { mode: 0o755 });
    const start = runCommand(script(), ['status'], { PATH: bin });
    expect(await start.ended).toBe(1);
    expect(start.output()).toContain('could not be installed (7)');
  });
});
