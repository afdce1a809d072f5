import { setTimeout as wait } from 'node:timers/promises';
import { HouseRefused, HouseUnreachable, isPassing } from '../../client/index.ts';

/** Milliseconds between two tries while the house is away. */
const pauseMs = 500;

/** Runs a request until the house takes it. Throws HouseRefused for what another try cannot mend, or the signal's reason. */
export type Link = <Answer>(request: () => Promise<Answer>) => Promise<Answer>;

/**
 * A link to the house that outlasts outages: a request that may not have arrived is made again, so it must be safe to
 * repeat. That the house is lost is said once, however many requests wait, and so is its return.
 */
export function createLink({ signal, say }: { signal: AbortSignal; say: (text: string) => void }): Link {
  let lost = false;

  function found(): void {
    if (lost) say('The house answers again.');
    lost = false;
  }

  function missed(error: HouseUnreachable): void {
    if (!lost) say(`${error.message} Trying until it does; what you write waits. If it was stopped: npm start`);
    lost = true;
  }

  return async (request) => {
    let passed = 0;
    let locked = false;
    for (;;) {
      try {
        const answer = await request();
        found();
        return answer;
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof HouseUnreachable) {
          missed(error);
        } else {
          found();
          if (isPassing(error)) {
            // One that passes at once, such as a gate that is still opening, is not worth a word.
            passed += 1;
            if (passed === 2) say(`${error.message} Trying until it is back.`);
          } else {
            // Who rotates a key puts the new one into its place just after the old one has ended.
            if (locked || !isLocked(error)) throw error;
            locked = true;
          }
        }
        // An outage may be over at any moment; a limit is not before its time.
        const limited =
          error instanceof HouseRefused && error.is('rate-limited') ? error.problem.retry_after : undefined;
        await wait(limited === undefined ? pauseMs : limited * 1000, undefined, { signal });
      }
    }
  };
}

const isLocked = (error: unknown): boolean => error instanceof HouseRefused && error.problem.status === 401;
