import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { keptFile, sweepAbandoned } from '../../cli/demo/abandoned.ts';
import { homeAt, HomeUnusable, makeHome } from '../../cli/home.ts';
import { identify } from '../../cli/supervisor/identity.mjs';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'majordomo-home-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const modeOf = (path: string) => statSync(path).mode & 0o7777;

describe('a state folder', () => {
  test('is made for its owner alone; as root, Postgres may pass through', async () => {
    for (const [name, uid, mode] of [
      ['user', 1000, 0o700],
      ['root', 0, 0o711],
    ] as const) {
      const home = homeAt(join(folder, name));
      await makeHome(home, { uid });
      expect([modeOf(home.root), modeOf(home.keys)]).toEqual([mode, 0o700]);
      await makeHome(home, { uid, say: (line) => expect.fail(line) });
    }
  });

  test('is none where other things are, and those are left alone', async () => {
    const shared = join(folder, 'shared');
    mkdirSync(shared);
    chmodSync(shared, 0o755);
    writeFileSync(join(shared, 'letter.txt'), 'mine');
    await expect(makeHome(homeAt(shared))).rejects.toThrow('set MAJORDOMO_HOME to a folder of its own');
    await expect(makeHome(homeAt(join(shared, 'letter.txt')))).rejects.toThrow(HomeUnusable);
    expect([readdirSync(shared), modeOf(shared)]).toEqual([['letter.txt'], 0o755]);
  });

  test('is none that everybody may write to', async () => {
    chmodSync(folder, 0o1777);
    await expect(makeHome(homeAt(folder))).rejects.toThrow('Everybody may write to');
    expect([readdirSync(folder), modeOf(folder)]).toEqual([[], 0o1777]);
  });

  test('that was open to others is closed, and that is said', async () => {
    const said: string[] = [];
    const options = { uid: 1000, say: (line: string) => void said.push(line) };
    chmodSync(folder, 0o755);
    await makeHome(homeAt(folder), options);
    expect(modeOf(folder)).toBe(0o700);
    expect(said).toEqual([expect.stringContaining('was open to others (755)')]);
    // A house stays one, whatever its owner puts beside.
    writeFileSync(join(folder, 'house.tar'), '');
    await makeHome(homeAt(folder), options);
  });
});

describe('the folder of a demo', () => {
  const me = identify(process.pid);
  const { pid } = spawnSync('true');
  const gone = { pid, start: '1', command: 'gone' };

  function demo(name: string, record?: { supervisor: unknown; children: unknown[] }): string {
    const home = join(folder, `majordomo-demo-${name}`);
    mkdirSync(join(home, 'run'), { recursive: true });
    if (record)
      writeFileSync(join(home, 'run', 'house.json'), JSON.stringify({ ...record, guardPid: 0, addresses: {} }));
    return home;
  }

  test('goes when its house was killed, and not when something of it runs, it is kept, or it ended by itself', async () => {
    const killed = demo('killed', { supervisor: gone, children: [] });
    const running = demo('running', { supervisor: me, children: [] });
    const child = { ...me, name: 'postgres', signal: 'SIGINT', seconds: 1 };
    const left = demo('left', { supervisor: gone, children: [child] });
    const kept = demo('kept', { supervisor: gone, children: [] });
    writeFileSync(keptFile(kept), '');
    const ended = demo('ended');
    await sweepAbandoned(folder);
    expect([killed, running, left, kept, ended].map((home) => existsSync(home))).toEqual([
      false,
      true,
      true,
      true,
      true,
    ]);
  });
});
