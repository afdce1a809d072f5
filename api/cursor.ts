import { z } from 'zod';

/** The last thing seen on a page that goes from new to old. */
export interface Cursor {
  createdAt: Date;
  id: string;
}

const content = z.tuple([z.iso.datetime(), z.uuid()]);

/** An opaque text for the `after` of the next page. */
export function writeCursor({ createdAt, id }: Cursor): string {
  return Buffer.from(JSON.stringify([createdAt.toISOString(), id])).toString('base64url');
}

/** Null when the text is no cursor of ours. */
export function readCursor(text: string): Cursor | null {
  try {
    const [createdAt, id] = content.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    return { createdAt: new Date(createdAt), id };
  } catch {
    return null;
  }
}
