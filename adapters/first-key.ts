import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { sha256 } from '../contracts/action.ts';
import { newApiKey } from '../contracts/api-keys.ts';
import { apiKeyShape, scopes } from '../contracts/api.ts';
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

/**
 * Gives whoever holds the state folder a key with all scopes, when the one in the file does not open the house. The file
 * is replaced first and the database hears of it then: after a crash in between the next call makes another one.
 * `known`: the key in the file works as it is.
 * @throws DatabaseUnavailable
 */
export async function recoverKey(keys: KeyStore, home: string): Promise<'known' | 'made'> {
  const path = firstKeyPath(home);
  if (await opens(keys, path)) return 'known';
  const key = newApiKey();
  replaceKey(path, key);
  await keys.insertRecovered(sha256(key));
  return 'made';
}

async function opens(keys: KeyStore, path: string): Promise<boolean> {
  const key = textOf(path)?.trim() ?? '';
  const holder = apiKeyShape.test(key) ? await keys.find(sha256(key)) : null;
  return holder !== null && !holder.expired && scopes.every((scope) => holder.caller.scopes.includes(scope));
}

function textOf(path: string): string | undefined {
  return statSync(path, { throwIfNoEntry: false }) && readFileSync(path, 'utf8');
}

/** Puts a key into the file in one step: whoever reads it meanwhile reads the old one or the new one. */
export function replaceKey(path: string, key: string): void {
  renameSync(writeKey(path, key), path);
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
  const temporary = writeKey(path, newApiKey());
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

/** A finished file beside the one that is meant, for its owner alone; returns its name. */
function writeKey(path: string, key: string): string {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const file = openSync(temporary, 'wx', 0o600);
  writeSync(file, `${key}\n`);
  fsyncSync(file);
  closeSync(file);
  return temporary;
}
