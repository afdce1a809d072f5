import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256 } from '../contracts/action.ts';
import { newApiKey } from '../contracts/api-keys.ts';
import { apiKeyShape } from '../contracts/api.ts';
import type { KeyStore } from './store/keys.ts';

/** The file with the first key cannot be used; says which and why, never with the key. */
export class KeyFileInvalid extends Error {
  override readonly name = 'KeyFileInvalid';
}

/** Where the first key of a house stands, for its owner alone. */
export const firstKeyPath = (home: string): string => join(home, 'keys', 'api.key');

/**
 * Gives a house without keys its first one. The file is complete on the disk before the database hears of it, and a
 * later start takes the key from the file: a crash in between leaves no key that nobody knows. True when it was made.
 * @throws KeyFileInvalid
 */
export async function ensureFirstKey(keys: KeyStore, home: string): Promise<boolean> {
  if (await keys.any()) return false;
  const path = firstKeyPath(home);
  const key = readKey(path) ?? createKey(path);
  return keys.insertFirst(sha256(key));
}

function readKey(path: string): string | undefined {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  if (mode === undefined) return undefined;
  if (mode & 0o077) throw new KeyFileInvalid(`${path} is open to others than its owner; run: chmod 600 ${path}`);
  const key = readFileSync(path, 'utf8').trim();
  if (!apiKeyShape.test(key))
    throw new KeyFileInvalid(`${path} holds no key; remove it, and the next start makes one.`);
  return key;
}

/** Links a finished file into place: of two processes that do so at once, the loser reads the winner's. */
function createKey(path: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const file = openSync(temporary, 'wx', 0o600);
  writeSync(file, `${newApiKey()}\n`);
  fsyncSync(file);
  closeSync(file);
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(temporary);
  }
  const key = readKey(path);
  if (key === undefined) throw new KeyFileInvalid(`${path} disappeared while it was made.`);
  return key;
}
