import { z } from 'zod';
import { Problem } from './problem.ts';

/** The last thing seen on a page that goes from new to old; milliseconds are all that it knows of a time. */
export interface Cursor {
  createdAt: Date;
  id: string;
}

const content = z.tuple([z.iso.datetime(), z.uuid()]);

/** An opaque text for the `after` of the next page. */
function writeCursor({ createdAt, id }: Cursor): string {
  return Buffer.from(JSON.stringify([createdAt.toISOString(), id])).toString('base64url');
}

/** Reads what a caller gives as `after`. Throws a problem when it is no cursor of ours. */
export function readCursor(text: string): Cursor {
  try {
    const [createdAt, id] = content.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    return { createdAt: new Date(createdAt), id };
  } catch {
    throw noCursor();
  }
}

/** A page with the cursor of the next one, or null where this one is the last. */
export function nextOf(entries: readonly Cursor[], limit: number): string | null {
  const last = entries.length === limit ? entries.at(-1) : undefined;
  return last === undefined ? null : writeCursor(last);
}

/** What answers an `after` that no page gave. */
export function noCursor(): Problem {
  const detail = 'is not the `next` of a page.';
  return new Problem('validation', `/after ${detail}`, { errors: [{ in: 'query', pointer: '/after', detail }] });
}
