import { sha256 } from '../contracts/action.ts';
import { type Keyring, UnknownKey } from './keyring.ts';
import { normaliseCode } from './store/approvals.ts';

/** Crockford's base 32: no I, L, O, U, so that a code can be read aloud and typed. */
const alphabet = '0123456789ABCDEFGHJKMNPQRSTVWXYZ';

/**
 * A gate's single-use code, derived from the house's key, so that it is never stored and a card can be rendered
 * again. 60 bits in three groups of four characters.
 */
export function createGateCodes(keyring: Keyring) {
  const codeOf = (approvalId: string, keyId: string): string => {
    const bytes = keyring.derive(`gate-code:${approvalId}`, keyId);
    const digits = Array.from(bytes.subarray(0, 12), (byte) => alphabet[byte % 32]);
    return [digits.slice(0, 4), digits.slice(4, 8), digits.slice(8, 12)].map((group) => group.join('')).join('-');
  };
  /** Null for a gate that was opened under a key which is gone: it shows no code, and the doors decide it all the same. */
  const knownCodeOf = (approvalId: string, keyId: string): string | null => {
    try {
      return codeOf(approvalId, keyId);
    } catch (error) {
      if (error instanceof UnknownKey) return null;
      throw error;
    }
  };
  return {
    codeOf,
    knownCodeOf,
    /** The key id to remember and the hash to store for a new gate. */
    issue(approvalId: string): { codeKeyId: string; codeHash: string } {
      const codeKeyId = keyring.current;
      return { codeKeyId, codeHash: sha256(normaliseCode(codeOf(approvalId, codeKeyId))) };
    },
  };
}

export type GateCodes = ReturnType<typeof createGateCodes>;
