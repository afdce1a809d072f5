import { setTimeout as pause } from 'node:timers/promises';
import type { HealthProbe } from '../probes.ts';
import { TelegramFailure } from './failure.ts';
import type { TelegramSource } from './source.ts';

export interface IntakeParts {
  source: Pick<TelegramSource, 'poll' | 'beginPolling' | 'beginWebhook'>;
  /** Where Telegram brings updates; without it they are polled for. */
  webhook?: { url: string; secret: string } | undefined;
  /** Resolves when the update is acknowledged; throws when it is to come again. */
  take: (update: unknown) => Promise<void>;
  log: { error(facts: object, message: string): void; warn(facts: object, message: string): void };
  /** Milliseconds before the first repeat; twice as long each time, up to sixty times as long. */
  repeatMs?: number;
}

const standardRepeatMs = 500;
const longestFactor = 60;
/** Milliseconds that the update which is being taken gets to end, as a request of the API does. */
const drainMs = 1_500;

const advice = new Map([
  [401, 'Telegram does not know this token: take the one that BotFather shows, then start again.'],
  [404, 'Telegram does not know this token: take the one that BotFather shows, then start again.'],
  [409, 'Something else takes the updates of this bot: stop the other program, or give each house a bot of its own.'],
]);

/**
 * Takes the updates, by polling or by having Telegram bring them. When polling, the offset moves over an update only after
 * it was taken: until then the same one is tried again, and what comes after it waits.
 */
export function createIntake({ source, webhook, take, log, repeatMs = standardRepeatMs }: IntakeParts) {
  const stop = new AbortController();
  let trouble: string | null = 'not yet reached';
  let failures = 0;

  async function hold(error: unknown): Promise<void> {
    const failure = error instanceof TelegramFailure ? error : undefined;
    const longest = repeatMs * Math.min(longestFactor, 2 ** failures);
    failures += 1;
    await pause(Math.max(longest, failure?.retryAfterMs ?? 0), undefined, { signal: stop.signal });
  }

  /** Tries until it works; each new kind of trouble is logged once. */
  async function insist<Answer>(work: () => Promise<Answer>): Promise<Answer> {
    for (;;) {
      stop.signal.throwIfAborted();
      try {
        const answer = await work();
        trouble = null;
        failures = 0;
        return answer;
      } catch (error) {
        stop.signal.throwIfAborted();
        const code = error instanceof TelegramFailure ? error.code : null;
        const reason =
          advice.get(code ?? 0) ?? (code === null ? 'Telegram cannot be reached.' : `Telegram says ${code}.`);
        if (trouble !== reason) log.error({ detail: error instanceof Error ? error.message : '' }, reason);
        trouble = reason;
        await hold(error);
      }
    }
  }

  async function untilTaken(update: unknown): Promise<void> {
    for (;;) {
      stop.signal.throwIfAborted();
      try {
        await take(update);
        failures = 0;
        return;
      } catch {
        // Whoever takes it has logged why.
        await hold(undefined);
      }
    }
  }

  async function poll(): Promise<never> {
    await insist(() => source.beginPolling(stop.signal));
    let offset: number | undefined;
    for (;;) {
      const from = offset;
      for (const update of await insist(() => source.poll(from, stop.signal))) {
        await untilTaken(update);
        offset = after(update) ?? offset;
      }
    }
  }

  const probe: HealthProbe = {
    name: 'telegram',
    vital: false,
    features: ['messages and buttons in Telegram'],
    check: async () =>
      trouble === null ? { status: 'healthy', detail: null } : { status: 'degraded', detail: trouble },
  };
  let running: Promise<unknown> | undefined;
  return {
    probe,
    start(): void {
      running = (webhook === undefined ? poll() : insist(() => source.beginWebhook(webhook, stop.signal))).catch(
        (error: unknown) => {
          if (!stop.signal.aborted)
            log.error({ error }, 'Telegram is not listened to any more; start the house again.');
        },
      );
    },
    /** Ends the poll at once and gives the update that is being taken a moment to end; cut short, it comes again. */
    async stop(): Promise<void> {
      stop.abort();
      await Promise.race([running, pause(drainMs)]);
    },
  };
}

/** The offset that confirms an update. */
function after(update: unknown): number | undefined {
  if (typeof update !== 'object' || update === null || !('update_id' in update)) return undefined;
  return typeof update.update_id === 'number' ? update.update_id + 1 : undefined;
}
