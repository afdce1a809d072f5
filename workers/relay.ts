import { setTimeout as pause } from 'node:timers/promises';
import type { HouseWorkflows } from '../adapters/house-workflows.ts';
import type { DeliveryStore } from '../adapters/store/deliveries.ts';
import { relayEvery } from '../contracts/defaults.ts';

export interface RelayParts {
  deliveries: Pick<DeliveryStore, 'dueAccounts'>;
  workflows: Pick<HouseWorkflows, 'startOutbox'>;
  log: { warn(facts: object, message: string): void };
  /** Milliseconds between two looks; default in contracts/defaults.ts. */
  everyMs?: number;
}

/** Milliseconds in which the ends of several activities become one look. */
const gatherMs = 20;
/** The longest pause, in milliseconds, while Postgres or Temporal is away. */
const longestPause = 10_000;

/**
 * Looks for chats that must be brought up to date, and starts their flow. It looks when an activity of this process has
 * ended, and every second, because other processes write too. Two relays at once start one flow: it runs under the
 * account's id.
 */
export function startRelay({ deliveries, workflows, log, everyMs = relayEvery }: RelayParts) {
  const stopping = new AbortController();
  let wake = new AbortController();
  let failures = 0;

  async function look(): Promise<void> {
    try {
      for (const account of await deliveries.dueAccounts()) {
        await workflows.startOutbox(account);
      }
      failures = 0;
    } catch (error) {
      failures += 1;
      if (failures === 1 && !stopping.signal.aborted) {
        log.warn({ err: error }, 'Messages to Telegram wait: Postgres or Temporal is away');
      }
    }
  }

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      wake = new AbortController();
      await look();
      const ms = failures === 0 ? everyMs : Math.min(longestPause, everyMs * 2 ** failures);
      // A wake-up does not cut the back-off short.
      await rest(ms, failures === 0 ? wake.signal : stopping.signal);
      await rest(gatherMs, stopping.signal);
    }
  }
  void run();

  return {
    /** The same activities, after each of which it looks. */
    after<Activities extends object>(activities: Activities): Activities {
      const entries = Object.entries(activities).map(
        ([name, activity]: [string, (input: unknown) => Promise<unknown>]) => [
          name,
          (input: unknown) => activity(input).finally(() => wake.abort()),
        ],
      );
      return Object.fromEntries(entries);
    },
    /** Ends the pauses at once; a look that is under way ends with its connections. */
    stop(): void {
      stopping.abort();
      wake.abort();
    },
  };
}

export type Relay = ReturnType<typeof startRelay>;

/** Unreferenced: a look that is to come keeps no process alive. */
async function rest(ms: number, signal: AbortSignal): Promise<void> {
  await pause(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
