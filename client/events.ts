import { setTimeout as wait } from 'node:timers/promises';
import { type EventSourceMessage, EventSourceParserStream } from 'eventsource-parser/stream';
import { isPassing } from './errors.ts';

/** Milliseconds before a stream that ended is opened again, unless the house asked for another pause. */
const pauseMs = 500;

/** Milliseconds of silence after which a stream counts as broken: three times what the house lets pass. */
const silenceMs = 45_000;

/** One server-sent event: the house's first is `ready`, all others are `message`. */
export interface HouseEvent {
  id: string | undefined;
  event: string;
  /** The JSON that it carries, as it came: check it before relying on it. */
  data: unknown;
}

/** Opens a stream: `(options) => house.approvals.events.$get({}, options)`. */
export type OpenStream = (options: { headers: Record<string, string> }) => Promise<Response>;

export interface EventOptions {
  /** Ends the reading with its reason. */
  signal: AbortSignal;
  /** Read on after this event. */
  lastEventId?: string;
}

/**
 * Reads a stream of the house for as long as one wants: where it ends or breaks, it is opened again after the last event
 * that came. Throws HouseRefused for what another try cannot mend, or the signal's reason.
 */
export async function* readEvents(
  open: OpenStream,
  { signal, lastEventId }: EventOptions,
): AsyncGenerator<HouseEvent, never> {
  let last = lastEventId;
  let pause = pauseMs;
  for (;;) {
    const response = await opened(open, last);
    for await (const { id, event = 'message', data } of messagesOf(response, signal, (asked) => (pause = asked))) {
      last = id ?? last;
      yield { id, event, data: JSON.parse(data) };
    }
    await wait(pause, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/** Null where the house is away for the moment. */
async function opened(open: OpenStream, last: string | undefined): Promise<Response | null> {
  try {
    return await open({ headers: last === undefined ? {} : { 'last-event-id': last } });
  } catch (error) {
    if (isPassing(error)) return null;
    throw error;
  }
}

async function* messagesOf(
  response: Response | null,
  signal: AbortSignal,
  onRetry: (ms: number) => void,
): AsyncGenerator<EventSourceMessage> {
  if (response?.body == null) return;
  const silent = new AbortController();
  const over = AbortSignal.any([signal, silent.signal]);
  const timer = setTimeout(() => silent.abort(), silenceMs);
  const heard = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      timer.refresh();
      controller.enqueue(chunk);
    },
  });
  const text = response.body.pipeThrough(heard, { signal: over }).pipeThrough(new TextDecoderStream());
  try {
    yield* text.pipeThrough(new EventSourceParserStream({ onRetry }));
  } catch {
    // A stream that broke is one that ended, unless it was us.
    signal.throwIfAborted();
  } finally {
    clearTimeout(timer);
  }
}
