import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { NotFrozen, whileFrozen } from '../../cli/backup/freeze.ts';
import { identify } from '../../cli/supervisor/identity.mjs';
import type { Identity } from '../../cli/supervisor/identity.mjs';
import { runCommand } from '../support/command.ts';

let target: Identity;
let stop: () => void;

beforeEach(() => {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 10)'], { stdio: 'ignore' });
  stop = () => child.kill('SIGKILL');
  const seen = identify(child.pid ?? 0);
  if (seen === undefined) throw new Error('It does not run.');
  target = seen;
});
afterEach(() => stop());

/** Whether every thread of the target stands still. */
function isFrozen(): boolean {
  const states = readdirSync(`/proc/${target.pid}/task`).map((thread) => {
    const stat = readFileSync(`/proc/${target.pid}/task/${thread}/stat`, 'utf8');
    return stat.slice(stat.lastIndexOf(')') + 2)[0];
  });
  return states.every((state) => state === 'T');
}

/** The helper that holds the target. */
const helperPid = () =>
  readdirSync('/proc').find((name) => {
    try {
      return readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(`freeze.mjs\0${target.pid}\0`);
    } catch {
      return false;
    }
  });

describe('a process that is to stand still', () => {
  test('does, as long as the work takes', async () => {
    expect(await whileFrozen(target, 5000, async () => isFrozen())).toBe(true);
    expect(isFrozen()).toBe(false);
  });

  test('goes on when the work fails', async () => {
    const failing = whileFrozen(target, 5000, () => Promise.reject(new Error('The disk is full.')));
    await expect(failing).rejects.toThrow('The disk is full.');
    expect(isFrozen()).toBe(false);
  });

  test('goes on when its time is over, and the work does not count', async () => {
    const slow = whileFrozen(target, 50, () => expect.poll(isFrozen).toBe(false));
    await expect(slow).rejects.toThrow(NotFrozen);
  });

  test('goes on when its helper is killed', async () => {
    const work = async () => process.kill(Number(helperPid()), 'SIGKILL');
    await expect(whileFrozen(target, 5000, work)).rejects.toThrow(NotFrozen);
    await expect.poll(isFrozen).toBe(false);
  });

  test('goes on when who asked for it is killed', async () => {
    const asking = runCommand('test/support/freeze-for-ever.ts', [String(target.pid)], {});
    await asking.says('frozen');
    expect(isFrozen()).toBe(true);
    asking.kill('SIGKILL');
    await asking.ended;
    await expect.poll(isFrozen).toBe(false);
  });

  test('is not another one that got its pid', async () => {
    const other = whileFrozen({ ...target, start: `${target.start}0` }, 5000, async () => true);
    await expect(other).rejects.toThrow('could not be stopped');
    expect(isFrozen()).toBe(false);
  });
});
