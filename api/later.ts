import { TemporalUnavailable, UpdateTimedOut, WorkflowNotFound } from '../contracts/gateway.ts';
import type { Log } from './ports.ts';

/** Milliseconds between the tries: most outages are a restart of seconds. After the last one the reconcile takes over. */
const defaultPauses = [500, 1_000, 2_000, 4_000, 8_000, 15_000, 30_000] as const;

/** Does again, behind the answer that was given, what could not be handed to Temporal. */
export type Later = (what: string, work: () => Promise<unknown>) => void;

/**
 * What is handed over stands in Postgres already and is the same however often it arrives, so a try too many is none and
 * a process that ends between two tries loses nothing but time.
 */
export function createLater(log: Log, pauses: readonly number[] = defaultPauses): Later {
  return (what, work) => {
    const attempt = async (tries: number): Promise<void> => {
      try {
        await work();
        log.info({ what, tries }, 'It was handed over after all');
      } catch (error) {
        if (isPassing(error)) wait(tries);
        else log.warn({ error, what }, 'It was left to the reconcile');
      }
    };
    const wait = (tries: number): void => {
      const pause = pauses[tries];
      if (pause === undefined) log.warn({ what, tries }, 'It was left to the reconcile');
      else setTimeout(() => void attempt(tries + 1), pause).unref();
    };
    wait(0);
  };
}

/** A workflow that is not there may be about to begin. */
const isPassing = (error: unknown): boolean =>
  error instanceof TemporalUnavailable || error instanceof UpdateTimedOut || error instanceof WorkflowNotFound;
