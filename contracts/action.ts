import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';
import type { Action } from './approvals.ts';

/** SHA-256 in hex. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/**
 * The hash by which an approval and the effect that it allows are the same thing: SHA-256 over the canonical JSON
 * (RFC 8785) of tool, version, arguments, account and nonce. Throws a TypeError on values that JSON does not know.
 */
export function actionHash(action: Action): string {
  const { tool, toolVersion, args, account, nonce } = action;
  const text = canonicalize({ tool, toolVersion, args, account, nonce });
  if (text === undefined) {
    throw new TypeError('An action is a JSON object.');
  }
  return sha256(text);
}
