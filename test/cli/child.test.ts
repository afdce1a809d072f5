import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Child, ChildSpec } from '../../cli/supervisor/child.ts';
import { createCrew } from '../../cli/supervisor/crew.ts';
import type { Crew } from '../../cli/supervisor/crew.ts';
import type { Stoppable } from '../../cli/supervisor/guard.ts';
import { fromPs, identify, isSame } from '../../cli/supervisor/identity.mjs';

let logs: string;
let said: string[];
let crew: Crew;

beforeEach(async () => {
  logs = await mkdtemp(join(tmpdir(), 'majordomo-child-'));
  said = [];
  crew = createCrew({ logs, say: (line) => said.push(line), backoff: { firstMs: 10, mostMs: 40 } });
});
afterEach(async () => {
  await crew.stop();
  await rm(logs, { recursive: true, force: true });
});

/** A child that runs a line of JavaScript; it serves once it has written `serving` to its log. */
const running = (code: string, more: Partial<ChildSpec> = {}): ChildSpec => ({
  name: 'child',
  command: process.execPath,
  args: ['-e', code],
  env: { PATH: process.env['PATH'] },
  signal: 'SIGTERM',
  stopSeconds: 5,
  probe: async () => {
    if (!(await readFile(join(logs, 'child.log'), 'utf8')).includes('serving'))
      throw new Error('It does not serve yet.');
  },
  ...more,
});

function runningIn(child: Child): Stoppable {
  const seen = child.current();
  if (seen === undefined) throw new Error('It does not run.');
  return seen;
}

describe('a child', () => {
  test('that ends before it serves fails with the end of its log', async () => {
    const failing = crew.start(running('console.error("the reason"); process.exit(3)'));
    await expect(failing).rejects.toThrow(/child ended \(code 3\) before it served\n[^]*the reason/);
  });

  test('that cannot be started fails', async () => {
    await expect(crew.start(running('', { command: '/nowhere/program' }))).rejects.toThrow('could not be started');
  });

  test('that ends again and again is started again, less and less often', async () => {
    const child = await crew.start(running('console.log("serving"); setTimeout(() => process.exit(1), 200)'));
    await expect.poll(() => child.restarts(), { timeout: 20_000 }).toBeGreaterThanOrEqual(4);
    const pauses = said.flatMap((line) => /again in ([\d.]+) s/.exec(line)?.[1] ?? []);
    expect(pauses.slice(0, 4)).toEqual(['0.01', '0.02', '0.04', '0.04']);
  });

  test('that does not heed its signal is killed when its time is over', async () => {
    const deaf = 'process.on("SIGTERM", () => {}); setInterval(() => {}, 1000); console.log("serving")';
    const child = await crew.start(running(deaf, { stopSeconds: 0.2 }));
    const seen = runningIn(child);
    await crew.stop();
    expect(isSame(seen)).toBe(false);
  });

  test('is stopped although the guard was killed', async () => {
    const child = await crew.start(running('setInterval(() => {}, 1000); console.log("serving")'));
    const seen = runningIn(child);
    const before = crew.guardPid();
    process.kill(before, 'SIGKILL');
    await expect.poll(() => crew.guardPid()).not.toBe(before);
    await crew.stop();
    expect(isSame(seen)).toBe(false);
  });

  test('cannot be started any more while everything is stopped', async () => {
    await crew.stop();
    await expect(crew.start(running(''))).rejects.toThrow('is stopping');
  });
});

describe('the identity of a process', () => {
  test('is the same as long as it runs, by /proc and by ps', () => {
    const seen = { start: '', pid: 0, ...identify(process.pid) };
    expect(isSame(seen)).toBe(true);
    expect(isSame({ ...seen, start: `${seen.start}0` })).toBe(false);
    const byPs = fromPs(process.pid);
    expect(byPs?.start).toMatch(/\d\d:\d\d:\d\d/);
    expect(fromPs(process.pid)).toEqual(byPs);
  });

  test('of a process that is gone is undefined', () => {
    expect(identify(2_147_483_000)).toBeUndefined();
    expect(fromPs(2_147_483_000)).toBeUndefined();
  });
});
