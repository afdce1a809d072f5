import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KeyringInvalid, loadKeyring, rotateKeyring, UnknownKey } from '../../adapters/keyring.ts';

const keyA = Buffer.alloc(32, 'a').toString('base64');
const keyB = Buffer.alloc(32, 'b').toString('base64');
let home: string;
let file: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'keyring-'));
  file = join(home, 'keys', 'keyring.json');
});
afterEach(() => rm(home, { recursive: true }));

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o777;

describe('the file', () => {
  it('is made once, for its owner alone, and found again', async () => {
    const made = loadKeyring({ env: {}, home });
    expect(made.ids).toEqual(['k1']);
    expect(await modeOf(file)).toBe(0o600);
    expect(await modeOf(join(home, 'keys'))).toBe(0o700);
    expect(await readdir(join(home, 'keys'))).toEqual(['keyring.json']);
    expect(loadKeyring({ env: {}, home }).derive('x')).toEqual(made.derive('x'));
  });

  it('is the same for processes that start at the same time', async () => {
    const module = new URL('../../adapters/keyring.ts', import.meta.url).href;
    const script = `
      const { loadKeyring } = await import('${module}');
      process.stdout.write('ready ');
      process.stdin.once('data', () => {
        process.stdin.destroy();
        process.stdout.write(loadKeyring({ env: {}, home: '${home}' }).derive('x').toString('hex'));
      });`;
    const starts = Array.from({ length: 3 }, () => {
      const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script]);
      return { child, ready: once(child.stdout, 'data'), output: text(child.stdout) };
    });
    await Promise.all(starts.map(({ ready }) => ready));
    for (const { child } of starts) child.stdin.write('go');
    const keys = await Promise.all(starts.map(async ({ output }) => (await output).replace('ready ', '')));
    expect(new Set(keys).size).toBe(1);
    expect(keys[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(await readdir(join(home, 'keys'))).toEqual(['keyring.json']);
  });

  it.each([0o640, 0o604, 0o660])('is refused with mode %o', async (mode) => {
    loadKeyring({ env: {}, home });
    await chmod(file, mode);
    expect(() => loadKeyring({ env: {}, home })).toThrow(/chmod 600/);
  });

  it.each([
    ['no JSON', '{'],
    ['a short key', JSON.stringify({ current: 'k1', keys: { k1: 'c2hvcnQ=' } })],
    ['a current key that is not there', JSON.stringify({ current: 'k2', keys: { k1: keyA } })],
    ['more than it should have', JSON.stringify({ current: 'k1', keys: { k1: keyA }, extra: 1 })],
  ])('is refused with %s, without showing a key', async (_what, content) => {
    loadKeyring({ env: {}, home });
    await writeFile(file, content);
    expect(() => loadKeyring({ env: {}, home })).toThrow(KeyringInvalid);
    expect(() => loadKeyring({ env: {}, home })).not.toThrow(keyA);
  });
});

describe('MAJORDOMO_KEYS', () => {
  it('goes before the file; the first key is the current one', async () => {
    const keyring = loadKeyring({ env: { MAJORDOMO_KEYS: `new:${keyB}, old:${keyA}` }, home });
    expect(keyring.current).toBe('new');
    expect(keyring.ids).toEqual(['new', 'old']);
    expect(await readdir(home)).toEqual([]);
  });

  it.each([
    'k1',
    `k1:${keyA},k1:${keyB}`,
    `k1:${keyA},`,
    `k 1:${keyA}`,
    `k1:${keyA.slice(0, -4)}`,
    `k1:${keyA}:${keyB}`,
    `__proto__:${keyA}`,
  ])('is refused as %s, without showing a key', (value) => {
    const load = () => loadKeyring({ env: { MAJORDOMO_KEYS: value }, home });
    expect(load).toThrow(/id:base64 of 32 bytes/);
    expect(load).not.toThrow(keyA);
  });
});

describe('derive', () => {
  const keyring = loadKeyring({ env: { MAJORDOMO_KEYS: `k2:${keyB},k1:${keyA}` }, home: '' });

  it('is HKDF-SHA256, stable over releases', () => {
    expect(keyring.derive('postgres-role:majordomo_core', 'k1').toString('hex')).toBe(
      '209c61df2d255ae18c36e91b21faafde1cf76e54ca017066f9b7b3879c141fe4',
    );
  });

  it('gives another 32 bytes for every label and every key', () => {
    const all = [keyring.derive('a'), keyring.derive('b'), keyring.derive('a', 'k1'), keyring.derive('b', 'k1')];
    expect(new Set(all.map((bytes) => bytes.toString('hex'))).size).toBe(4);
    expect(all.map(({ length }) => length)).toEqual([32, 32, 32, 32]);
    expect(keyring.derive('a')).toEqual(keyring.derive('a', 'k2'));
  });

  it.each(['k3', '', 'toString'])('knows no key "%s"', (id) => {
    expect(() => keyring.derive('a', id)).toThrow(UnknownKey);
  });
});

describe('rotateKeyring', () => {
  it('makes a new key current and keeps the old ones', async () => {
    const before = loadKeyring({ env: {}, home });
    expect(rotateKeyring(home).ids).toEqual(['k2', 'k1']);
    rotateKeyring(home);
    const after = loadKeyring({ env: {}, home });
    expect(after.ids).toEqual(['k3', 'k2', 'k1']);
    expect(after.derive('x', 'k1')).toEqual(before.derive('x'));
    expect(after.derive('x')).not.toEqual(before.derive('x'));
    expect(await modeOf(file)).toBe(0o600);
    expect(await readdir(join(home, 'keys'))).toEqual(['keyring.json']);
  });

  it('is refused while another one runs, and where there is nothing to rotate', async () => {
    expect(() => rotateKeyring(home)).toThrow('is not there');
    loadKeyring({ env: {}, home });
    await writeFile(`${file}.lock`, '');
    const content = await readFile(file, 'utf8');
    expect(() => rotateKeyring(home)).toThrow(/Another rotation holds/);
    expect(await readFile(file, 'utf8')).toBe(content);
  });
});
