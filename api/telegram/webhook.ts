import { OpenAPIHono } from '@hono/zod-openapi';
import type { ApiEnv } from '../env.ts';
import { Problem } from '../problem.ts';
import { sameSecret } from './press.ts';

/** Where Telegram brings its updates. */
export interface TelegramWebhook {
  /** What Telegram sends in `X-Telegram-Bot-Api-Secret-Token`. */
  secret: string;
  /** Resolves when the update is acknowledged; throws when Telegram is to bring it again. */
  take: (update: unknown) => Promise<void>;
}

/** Its one answer of success means: acknowledged. Whatever else happened, Telegram brings the update again. */
export function telegramRoutes({ secret, take }: TelegramWebhook) {
  if (secret === '') throw new Error('A webhook without a secret would let anybody speak for Telegram.');
  return new OpenAPIHono<ApiEnv>().post('/telegram/webhook', async (context) => {
    if (!sameSecret(context.req.header('x-telegram-bot-api-secret-token') ?? '', secret)) {
      throw new Problem('unauthenticated', 'This address is for Telegram alone.');
    }
    const update: unknown = await context.req.json().catch(() => {
      throw new Problem('malformed-json', 'The body cannot be read as JSON.');
    });
    await take(update);
    return context.body(null, 200);
  });
}
