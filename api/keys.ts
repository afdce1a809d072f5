import { sha256 } from '../contracts/action.ts';
import { type ApiKey, type CreateKey, newApiKey, type NewKey, type RotateKey } from '../contracts/api-keys.ts';
import { ordinaryScopes, type Scope } from '../contracts/api.ts';
import type { ApiDeps, Caller, KeyRecord } from './ports.ts';
import { Problem } from './problem.ts';

const dayMs = 86_400_000;

/** Makes a key. `id` is the same in every try of one request, so that a repeat makes no second one. Throws problems. */
export async function createKey(deps: ApiDeps, caller: Caller, id: string, wanted: CreateKey): Promise<NewKey> {
  const scopes = wanted.scopes ?? ordinaryScopes.filter((scope) => caller.scopes.includes(scope));
  refuseBeyond(caller, scopes);
  const end = await endOf(deps, caller);
  const expiresAt = expiryOf(wanted) ?? end;
  refuseAfter(end, expiresAt);
  const secret = newApiKey();
  const { key, made } = await deps.issuedKeys.create(caller.ownerId, {
    id,
    keyHash: sha256(secret),
    createdBy: caller.keyId,
    name: wanted.name,
    scopes: [...new Set(scopes)],
    expiresAt,
  });
  return { key: toApiKey(key), secret: made ? secret : null };
}

/** Puts a new key into the place of an old one. Throws problems. */
export async function rotateKey(
  deps: ApiDeps,
  caller: Caller,
  { id, of }: { id: string; of: string },
  { old_valid_seconds: oldValidSeconds, ...wanted }: RotateKey,
): Promise<NewKey> {
  const old = await deps.issuedKeys.get(caller.ownerId, of);
  if (old === null) throw noSuchKey();
  refuseBeyond(caller, old.scopes);
  const expiresAt = expiryOf(wanted);
  refuseAfter(await endOf(deps, caller), expiresAt ?? old.expiresAt);
  const secret = newApiKey();
  const result = await deps.issuedKeys.rotate(caller.ownerId, of, {
    id,
    keyHash: sha256(secret),
    createdBy: caller.keyId,
    expiresAt,
    oldValidSeconds,
  });
  if (result.kind === 'unknown') throw noSuchKey();
  if (result.kind === 'ended')
    throw new Problem('key-ended', 'It was rotated or revoked, or has expired: make another one.');
  return { key: toApiKey(result.key), secret: result.made ? secret : null };
}

/** Ends a key at once; a repeat is the same. Throws problems. */
export async function revokeKey(deps: ApiDeps, caller: Caller, id: string): Promise<ApiKey> {
  const key = await deps.issuedKeys.revoke(caller.ownerId, id);
  if (key === 'unknown') throw noSuchKey();
  if (key === 'last') throw new Problem('last-key', 'Make another key with keys:manage first.');
  return toApiKey(key);
}

/** A key as the API shows it. */
export function toApiKey(key: KeyRecord): ApiKey {
  return {
    id: key.id,
    name: key.name,
    scopes: key.scopes,
    status: key.state,
    created_at: key.createdAt.toISOString(),
    created_by: key.createdBy,
    rotated_from: key.rotatedFrom,
    expires_at: key.expiresAt?.toISOString() ?? null,
    last_used_at: key.lastUsedAt?.toISOString() ?? null,
  };
}

/** Nobody gives, or takes over by rotating, what he does not have himself. */
function refuseBeyond(caller: Caller, scopes: readonly Scope[]): void {
  const scope = scopes.find((each) => !caller.scopes.includes(each));
  if (scope !== undefined) {
    throw new Problem('missing-scope', `A key gives only what it may do itself, and this one lacks ${scope}.`, {
      scope,
    });
  }
}

/** When the caller's own key ends; null for never. */
async function endOf({ issuedKeys }: ApiDeps, { ownerId, keyId }: Caller): Promise<Date | null> {
  return (await issuedKeys.get(ownerId, keyId))?.expiresAt ?? null;
}

/** Nor does a key that ends leave one behind that outlives it. */
function refuseAfter(end: Date | null, wanted: Date | null): void {
  if (end === null || (wanted !== null && wanted <= end)) return;
  throw unusable(`must not be after ${end.toISOString()}, when the key that asks ends.`);
}

function expiryOf(wanted: Pick<CreateKey, 'expires_at' | 'expires_in_days'>): Date | undefined {
  const { expires_at: at, expires_in_days: days } = wanted;
  if (days !== undefined) return new Date(Date.now() + days * dayMs);
  if (at === undefined) return undefined;
  const moment = new Date(at);
  if (moment.getTime() > Date.now()) return moment;
  throw unusable('is not in the future.');
}

function unusable(detail: string): Problem {
  return new Problem('validation', `/expires_at ${detail}`, {
    errors: [{ in: 'body', pointer: '/expires_at', detail }],
  });
}

const noSuchKey = () => new Problem('not-found', 'There is no such key.');
