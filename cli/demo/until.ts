import { setTimeout as wait } from 'node:timers/promises';
import { isPassing } from '../../client/index.ts';

/** Milliseconds that one step of the house may take before the story gives up, and between two looks. */
const withinMs = 20_000;
const lookEveryMs = 50;

/** Something that must become true did not; the message says what. */
export class NotInTime extends Error {
  override readonly name = 'NotInTime';
}

/**
 * Looks until there is something to see; a part of the house that is away is looked at again. Throws NotInTime, what
 * `look` throws, or the signal's reason.
 */
export function untilTrue(signal: AbortSignal) {
  return async <Seen>(what: string, look: () => Promise<Seen | undefined>): Promise<Seen> => {
    const deadline = Date.now() + withinMs;
    let cause: unknown;
    for (;;) {
      try {
        const seen = await look();
        if (seen !== undefined) return seen;
      } catch (error) {
        if (!isPassing(error)) throw error;
        cause = error;
      }
      if (Date.now() > deadline) throw new NotInTime(`${withinMs / 1000} s were not enough: ${what}.`, { cause });
      await wait(lookEveryMs, undefined, { signal });
    }
  };
}
