import { hc } from 'hono/client';
import type { KeyedRoutes } from '../api/app.ts';
import { checkedFetch } from './fetch.ts';

export { parseResponse } from 'hono/client';
export { HouseRefused, HouseUnreachable, isPassing } from './errors.ts';
export { readEvents } from './events.ts';
export type { HouseEvent, OpenStream } from './events.ts';

export interface ClientOptions {
  /** The API's address without a slash at its end. */
  address: string;
  /** A function is asked at every request, so that a key may be replaced under a client that lives long. */
  key: string | (() => string);
  /** Ends every request and every stream. */
  signal?: AbortSignal;
}

/** Most entries of a page; the API's own limit. */
export const pageLimit = 200;

/**
 * The house as its REST API documents it: hono's client, typed by the routes themselves, so every route is there under
 * its path: `parseResponse(house.approvals[':id'].$get({ param: { id } }))`. Answers are checked by the documented
 * schemas. Names in a path must be encoded. Every call throws HouseRefused, HouseUnreachable, or the signal's reason.
 */
export function createClient({ address, key, signal = new AbortController().signal }: ClientOptions) {
  return hc<KeyedRoutes>(`${address}/api/v1`, {
    headers: () => ({ 'x-api-key': typeof key === 'string' ? key : key() }),
    fetch: checkedFetch({ address, signal }),
  });
}

export type HouseClient = ReturnType<typeof createClient>;
