import { hkdfSync, randomBytes } from 'node:crypto';
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
import { z } from 'zod';
import type { Environment } from './postgres-settings.ts';

/** The house's master keys; everything secret that the house makes itself is derived from them. */
export interface Keyring {
  /** Id of the key that new things are made with. */
  readonly current: string;
  /** All known ids, the current one first. */
  readonly ids: readonly string[];
  /**
   * 32 bytes for one purpose: HKDF-SHA256 (RFC 5869) of the key, with the label as info.
   * @param label names the purpose, such as `postgres-role:majordomo_core`
   * @param keyId defaults to the current key
   * @throws UnknownKey
   */
  derive(label: string, keyId?: string): Buffer;
}

/** A key that something was made with is not in the keyring. */
export class UnknownKey extends Error {
  override name = 'UnknownKey';
  readonly keyId: string;

  constructor(keyId: string) {
    super(`The key "${keyId}" is not in the keyring; add it to MAJORDOMO_KEYS or to keys/keyring.json.`);
    this.keyId = keyId;
  }
}

/** The keyring cannot be used; says where and why, never with a key. */
export class KeyringInvalid extends Error {
  override name = 'KeyringInvalid';
}

interface Keys {
  readonly current: string;
  readonly keys: Readonly<Record<string, string>>;
}

const keyId = z.string().regex(/^[A-Za-z0-9_-]{1,32}$/);
const key = z
  .string()
  .refine((text) => Buffer.from(text, 'base64').toString('base64') === text && keyLength(text) === 32);
const keysSchema = z
  .strictObject({ current: keyId, keys: z.record(keyId, key) })
  .refine(({ current, keys }) => Object.hasOwn(keys, current));

/**
 * Takes the keys from `MAJORDOMO_KEYS` (`id:base64 of 32 bytes`, comma-separated, the current one first), else from
 * `<home>/keys/keyring.json`, which is made with mode 0600 when it is not there.
 * @throws KeyringInvalid
 */
export function loadKeyring({ env, home }: { env: Environment; home: string }): Keyring {
  if (env.MAJORDOMO_KEYS) return keyring(parseVariable(env.MAJORDOMO_KEYS));
  const path = keyringPath(home);
  return keyring(readKeys(path) ?? createKeys(path));
}

/**
 * Adds a new key to `<home>/keys/keyring.json` and makes it current; the old ones stay, to read what they wrote.
 * Running processes learn of it at their next start.
 * @throws KeyringInvalid when there is no usable file, or another rotation holds it
 */
export function rotateKeyring(home: string): Keyring {
  const path = keyringPath(home);
  presentKeys(path);
  const lock = `${path}.lock`;
  try {
    closeSync(openSync(lock, 'wx', 0o600));
  } catch (cause) {
    throw new KeyringInvalid(`Another rotation holds ${lock}; remove that file if none is running.`, { cause });
  }
  try {
    const keys = withNewKey(presentKeys(path).keys);
    renameSync(writeBeside(path, keys), path);
    return keyring(keys);
  } finally {
    rmSync(lock);
  }
}

const keyringPath = (home: string): string => join(home, 'keys', 'keyring.json');
const keyLength = (text: string): number => Buffer.from(text, 'base64').length;

function keyring({ current, keys }: Keys): Keyring {
  const ids = [current, ...Object.keys(keys).filter((id) => id !== current)];
  return {
    current,
    ids,
    derive: (label, id = current) => {
      const text = Object.hasOwn(keys, id) ? keys[id] : undefined;
      if (text === undefined) throw new UnknownKey(id);
      return Buffer.from(hkdfSync('sha256', Buffer.from(text, 'base64'), '', `majordomo/${label}`, 32));
    },
  };
}

function parseVariable(value: string): Keys {
  const pairs = value.split(',').map((entry) => {
    const [id = '', ...rest] = entry.trim().split(':');
    return [id, rest.join(':')] as const;
  });
  const keys = Object.fromEntries(pairs);
  const parsed = keysSchema.safeParse({ current: pairs[0]?.[0], keys });
  if (!parsed.success || Object.keys(keys).length !== pairs.length) {
    throw new KeyringInvalid('MAJORDOMO_KEYS must be id:base64 of 32 bytes, comma-separated, each id once.');
  }
  return parsed.data;
}

function readKeys(path: string): Keys | undefined {
  const mode = statSync(path, { throwIfNoEntry: false })?.mode;
  if (mode === undefined) return undefined;
  if (mode & 0o077) throw new KeyringInvalid(`${path} is open to others than its owner; run: chmod 600 ${path}`);
  try {
    return keysSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch {
    throw new KeyringInvalid(`${path} is not {"current": id, "keys": {id: base64 of 32 bytes}}.`);
  }
}

/** Links a finished file into place: a second process that does the same at that moment loses and reads the first's. */
function createKeys(path: string): Keys {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const temporary = writeBeside(path, withNewKey({}));
  try {
    linkSync(temporary, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  } finally {
    rmSync(temporary);
  }
  return presentKeys(path);
}

function presentKeys(path: string): Keys {
  const keys = readKeys(path);
  if (!keys) throw new KeyringInvalid(`${path} is not there.`);
  return keys;
}

function withNewKey(keys: Keys['keys']): Keys {
  const numbers = Object.keys(keys).map((id) => Number(/^k(\d+)$/.exec(id)?.[1] ?? 0));
  const current = `k${Math.max(0, ...numbers) + 1}`;
  return { current, keys: { [current]: randomBytes(32).toString('base64'), ...keys } };
}

function writeBeside(path: string, keys: Keys): string {
  const temporary = `${path}.${randomBytes(6).toString('hex')}`;
  const file = openSync(temporary, 'wx', 0o600);
  writeSync(file, `${JSON.stringify(keys, undefined, 2)}\n`);
  fsyncSync(file);
  closeSync(file);
  return temporary;
}
