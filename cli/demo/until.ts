import { setTimeout as wait } from 'node:timers/promises';
import { isPassing } from '../../client/index.ts';

/** Milliseconds between two looks. */
const lookEveryMs = 50;

export interface Patience {
  /** Milliseconds that one thing may take before it is given up; 20 s by default, for one step of a story. */
  withinMs?: number;
  /** Errors that mean: look again. By default those of a house, or a part of it, that is away. */
  isOutage?: (error: unknown) => boolean;
}

/** Something that must become true did not; the message says what. */
export class NotInTime extends Error {
  override readonly name = 'NotInTime';
}

/**
 * Looks until there is something to see; a part of the house that is away is looked at again. Throws NotInTime, what
 * `look` throws, or the signal's reason.
 */
export function untilTrue(signal: AbortSignal, { withinMs = 20_000, isOutage = isPassing }: Patience = {}) {
  return async <Seen>(what: string, look: () => Promise<Seen | undefined>): Promise<Seen> => {
    const deadline = Date.now() + withinMs;
    let cause: unknown;
    for (;;) {
      try {
        const seen = await look();
        if (seen !== undefined) return seen;
      } catch (error) {
        if (!isOutage(error)) throw error;
        cause = error;
      }
      if (Date.now() > deadline) throw new NotInTime(`${withinMs / 1000} s were not enough: ${what}.`, { cause });
      await wait(lookEveryMs, undefined, { signal });
    }
  };
}
