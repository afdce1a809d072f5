import { setTimeout as wait } from 'node:timers/promises';
import type { Context } from 'hono';
import { z } from 'zod';
import type { ApiEnv } from './env.ts';
import type { ApiDeps, EventPage, EventPosition } from './ports.ts';
import { Problem } from './problem.ts';

/** Milliseconds between two looks for events, and after which a silent stream shows that it lives. */
const pollMs = 400;
const keepAliveMs = 15_000;
/** Milliseconds after which a reader comes back when its stream has ended. */
const retryMs = 1_000;
/** Events that are read at once. */
const batch = 200;
/** Streams that one key may have open in this process. */
const mostPerKey = 8;

/** A proxy that gathers what it passes on would hold events back. */
const headers = { 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' };

type Read = (after: EventPosition, limit: number) => Promise<EventPage<object>>;

/** Where a caller wants to begin: the id that he saw last, `start`, or undefined for what happens from now on. */
export async function positionOf({ events }: ApiDeps, after: string | undefined): Promise<EventPosition> {
  const now = await events.now();
  if (after === undefined) return now;
  if (after === 'start') return { ...now, xact: '0' };
  const wanted = readId(after);
  if (wanted.system !== now.system || BigInt(wanted.xact) > BigInt(now.xact)) {
    throw noPosition('is of a database that this house does not have any more; begin without it.');
  }
  return wanted;
}

/** The streams of one process: how many there are, and when they end. */
export function createEventStreams({ keys, streamMs, ending, isDatabaseOutage, log }: ApiDeps) {
  const open = new Map<string, number>();

  /** Counts a stream of a key; the signal is aborted, and the stream counted no more, when it has to end. */
  function begin(keyId: string): AbortController {
    const count = open.get(keyId) ?? 0;
    if (count >= mostPerKey) {
      throw new Problem('too-many-streams', `A key may have ${mostPerKey} streams open.`, { retry_after: 1 });
    }
    open.set(keyId, count + 1);
    const over = new AbortController();
    const end = () => over.abort();
    const timer = setTimeout(end, streamMs);
    ending.addEventListener('abort', end, { once: true });
    const release = () => {
      clearTimeout(timer);
      ending.removeEventListener('abort', end);
      const left = (open.get(keyId) ?? 1) - 1;
      if (left > 0) open.set(keyId, left);
      else open.delete(keyId);
    };
    over.signal.addEventListener('abort', release, { once: true });
    if (ending.aborted) end();
    return over;
  }

  /** Throws problems before anything is sent. */
  return function stream(context: Context<ApiEnv>, from: EventPosition, read: Read): Response {
    if (context.req.method === 'HEAD') return context.body(null, 200, headers);
    const { keyId } = context.get('caller');
    const over = begin(keyId);
    const chunks = frames(from, { read, mayRead: () => keys.holds(keyId), over: over.signal });
    const encoder = new TextEncoder();
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        try {
          const { value, done } = await chunks.next();
          if (done !== true) return controller.enqueue(encoder.encode(value));
        } catch (error) {
          // Its reader comes back, and is told then.
          if (!isDatabaseOutage(error)) log.error({ error }, 'An event stream failed');
        }
        over.abort();
        controller.close();
      },
      cancel: () => over.abort(),
    });
    return context.body(body, 200, headers);
  };
}

/**
 * The text of a stream, as the WHATWG's server-sent events have it. It begins with an event `ready`, so that a reader who is cut
 * before anything happened has an id to come back with. Once its key has ended nothing more is told, and the stream ends.
 */
async function* frames(
  from: EventPosition,
  { read, mayRead, over }: { read: Read; mayRead: () => Promise<boolean>; over: AbortSignal },
): AsyncGenerator<string, void> {
  yield `retry: ${retryMs}\nevent: ready\nid: ${writeId(from)}\ndata: {}\n\n`;
  let after = from;
  let spoken = Date.now();
  while (!over.aborted) {
    const { events, next } = await read(after, batch);
    after = next;
    if (events.length === 0 && Date.now() - spoken < keepAliveMs) {
      await wait(pollMs, undefined, { signal: over }).catch(() => undefined);
      continue;
    }
    if (!(await mayRead())) return;
    yield events.length > 0 ? events.map(({ event, at }) => frame(event, at)).join('') : ': still here\n\n';
    spoken = Date.now();
  }
}

const frame = (event: object, at: EventPosition) => `id: ${writeId(at)}\ndata: ${JSON.stringify(event)}\n\n`;

const idContent = z.tuple([
  z.string().regex(/^[\da-f-]{1,36}$/),
  z.string().regex(/^\d{1,19}$/),
  z.int().min(0).max(9),
  z.int().min(0),
]);

function writeId({ system, xact, kind, seq }: EventPosition): string {
  return Buffer.from(JSON.stringify([system, xact, kind, seq])).toString('base64url');
}

function readId(text: string): EventPosition {
  try {
    const [system, xact, kind, seq] = idContent.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
    return { system, xact, kind, seq };
  } catch {
    throw noPosition('is not the id of an event.');
  }
}

const noPosition = (detail: string) =>
  new Problem('validation', `/after ${detail}`, { errors: [{ in: 'query', pointer: '/after', detail }] });
