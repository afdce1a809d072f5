import type { Keyring } from './keyring.ts';

/** Password of a Postgres role of the house: 64 hex digits, derived from the current key. */
export function rolePassword(keyring: Keyring, role: string): string {
  return keyring.derive(`postgres-role:${role}`).toString('hex');
}
