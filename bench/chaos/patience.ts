import { setTimeout as wait } from 'node:timers/promises';

/** Milliseconds that one thing may take to come true after a kill, and between two looks. */
const withinMs = 90_000;
const lookEveryMs = 100;

/** What was to come true did not; the message says what. */
export class NotInTime extends Error {
  override readonly name = 'NotInTime';
}

/** Looks until there is something to see. What `look` throws is an outage as long as there is time. */
export async function until<Seen>(
  what: string,
  look: () => Promise<Seen | undefined>,
  signal: AbortSignal,
): Promise<Seen> {
  const deadline = Date.now() + withinMs;
  let cause: unknown;
  for (;;) {
    const seen = await look().catch((error: unknown) => {
      cause = error;
      return undefined;
    });
    if (seen !== undefined) return seen;
    if (Date.now() > deadline) throw new NotInTime(`${withinMs / 1000} s were not enough: ${what}.`, { cause });
    await wait(lookEveryMs, undefined, { signal });
  }
}
