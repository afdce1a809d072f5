import { telegramCommands, wantedUpdates } from '../../contracts/telegram-updates.ts';
import { type BotAccess, openBot } from './bot.ts';

/** Seconds that Telegram holds a poll open when there is nothing. */
const pollSeconds = 30;
/** Milliseconds for a whole poll: what Telegram may hold it, and the way. */
const pollMs = (pollSeconds + 10) * 1_000;
/** Milliseconds for telling a presser what happened: it is a courtesy and must not hold up what comes next. */
const answerMs = 5_000;

/** How updates come in and presses are answered. Every call throws TelegramFailure. */
export function createTelegramSource(access: BotAccess) {
  const bot = openBot(access);
  return {
    /** The updates from `offset` on, oldest first; waits for some. */
    async poll(offset: number | undefined, signal: AbortSignal): Promise<unknown[]> {
      const wish = { timeout: pollSeconds, allowed_updates: wantedUpdates, ...(offset !== undefined && { offset }) };
      return bot('getUpdates', (api) => api.getUpdates(wish), signal, pollMs);
    },

    /** From now on updates are polled for; none is lost. */
    async beginPolling(signal: AbortSignal): Promise<void> {
      await bot('deleteWebhook', (api) => api.deleteWebhook({}), signal);
      await bot('setMyCommands', (api) => api.setMyCommands({ commands: telegramCommands }), signal);
    },

    /** From now on Telegram brings updates to this address, one at a time, with the secret in a header. */
    async beginWebhook({ url, secret }: { url: string; secret: string }, signal: AbortSignal): Promise<void> {
      const hook = { url, secret_token: secret, allowed_updates: wantedUpdates, max_connections: 1 };
      await bot('setWebhook', (api) => api.setWebhook(hook), signal);
      await bot('setMyCommands', (api) => api.setMyCommands({ commands: telegramCommands }), signal);
    },

    /** Tells the presser of a button what happened; at most 200 characters. */
    async answer(pressId: string, text: string): Promise<void> {
      const answer = { callback_query_id: pressId, text: text.slice(0, 200) };
      const never = new AbortController().signal;
      await bot('answerCallbackQuery', (api) => api.answerCallbackQuery(answer), never, answerMs);
    },
  };
}

export type TelegramSource = ReturnType<typeof createTelegramSource>;
