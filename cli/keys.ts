import { replaceKey } from '../adapters/first-key.ts';
import { type HouseClient, pageLimit, parseResponse } from '../client/index.ts';
import type { ApiKey, NewKey } from '../contracts/api-keys.ts';
import { type Scope, scopes } from '../contracts/api.ts';
import { visible } from '../contracts/card.ts';
import { DurationError, parseDuration } from '../contracts/duration.ts';
import type { Asking } from './ask.ts';
import { type CommandContext, WrongUsage } from './commands/command.ts';
import { moment } from './console/words.ts';
import { pickId, shortId } from './short-id.ts';
import { table } from './table.ts';

/** Every key, newest first. */
export async function allKeys(house: HouseClient): Promise<ApiKey[]> {
  const keys: ApiKey[] = [];
  let after: string | undefined;
  do {
    const page = await parseResponse(house.keys.$get({ query: { limit: pageLimit, after } }));
    keys.push(...page.keys);
    after = page.next ?? undefined;
  } while (after !== undefined);
  return keys;
}

/** The key that a person means. Throws WrongUsage. */
export const keyId = (house: HouseClient, given: string | undefined): Promise<string> =>
  pickId(given, {
    one: 'key',
    list: 'npx majordomo keys list',
    all: async () => (await allKeys(house)).map(({ id }) => id),
  });

/** The keys for people. */
export function keyLines(keys: readonly ApiKey[]): string[] {
  const rows = keys.map(({ id, name, status, scopes: may, expires_at, last_used_at }) => [
    shortId(id),
    name,
    status,
    expires_at === null ? 'never' : moment(expires_at),
    last_used_at === null ? 'never' : moment(last_used_at),
    may.join(' '),
  ]);
  return table(['id', 'name', 'status', 'expires', 'last used', 'scopes'], rows);
}

/** What `--scope` says. Throws WrongUsage. */
export function scopesIn(given: unknown): { scopes?: Scope[] } {
  if (!Array.isArray(given)) return {};
  const wanted = given.map((each) => scopes.find((scope) => scope === each));
  const known = wanted.filter((scope) => scope !== undefined);
  if (known.length < wanted.length) throw new WrongUsage(`--scope takes ${scopes.join(', ')}.`);
  return { scopes: known };
}

/** What `--expires` says. Throws WrongUsage. */
export function expiryIn(given: unknown, now = Date.now()): { expires_at?: string } {
  if (typeof given !== 'string') return {};
  const date = /^\d{4}-\d\d-\d\d/.test(given) ? Date.parse(given) : now + durationIn('--expires', given);
  if (Number.isNaN(date)) throw new WrongUsage('--expires: A date is written like 2027-01-31.');
  return { expires_at: new Date(date).toISOString() };
}

/** Milliseconds. Throws WrongUsage. */
export function durationIn(flag: string, given: string): number {
  try {
    return parseDuration(given);
  } catch (error) {
    if (error instanceof DurationError) throw new WrongUsage(`${flag}: ${error.message}`);
    throw error;
  }
}

/** Shows a new key: its secret is the whole of stdout, for a pipe or a variable. */
export function showSecret({ out, say }: CommandContext, made: NewKey, json: boolean): void {
  const { id, name, scopes: may, expires_at } = made.key;
  if (json) out(JSON.stringify(made));
  else out(made.secret ?? '');
  const until = expires_at === null ? 'It does not expire' : `It expires ${moment(expires_at)}`;
  say(`Key ${shortId(id)} (${visible(name)}) may: ${may.join(' ')}. ${until}. The secret is not shown again.`);
}

/** Who rotates the key that opened the house needs the new one in its place. */
export function keepOwn({ say }: CommandContext, { keyFile }: Asking, { key, secret }: NewKey): void {
  if (key.created_by !== key.rotated_from || secret === null) return;
  if (keyFile === null) return say('It takes the place of the one in MAJORDOMO_API_KEY: set that to the new one.');
  replaceKey(keyFile, secret);
  say(`It took the place of the one in ${keyFile}, which holds the new one now.`);
}
