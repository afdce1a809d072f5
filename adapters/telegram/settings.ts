import { z } from 'zod';
import { telegramModuleSchema, type TelegramModule } from '../../contracts/butler.ts';

/** The bot, whom it listens to, and how its updates come. */
export interface TelegramSettings {
  readonly token: string;
  /** The owner's numeric ids; nobody else is listened to. */
  readonly accounts: readonly number[];
  /** Without a slash at its end. */
  readonly apiRoot: string;
  /** Absent where updates are polled for. */
  readonly webhook?: { readonly url: string; readonly secret: string };
}

/** The bot's own id, which is public: what stands before the colon of its token. */
export const botIdOf = ({ token }: Pick<TelegramSettings, 'token'>): string => token.slice(0, token.indexOf(':'));

/** The environment does not describe a bot; the message names variables and no values. */
export class TelegramSettingsError extends Error {
  override readonly name = 'TelegramSettingsError';
}

const idList = z
  .string('is missing: your numeric id, without which the bot listens to nobody.')
  .regex(/^\s*[1-9]\d{0,14}(\s*,\s*[1-9]\d{0,14})*\s*$/u, 'is not a numeric id, nor several with commas between them.')
  .transform((text) => [...new Set(text.split(',').map(Number))]);

const bot = z.object({
  token: z.string().regex(/^\d{1,20}:[A-Za-z0-9_-]+$/u, 'is not a token as BotFather gives it.'),
  owner_id: idList,
  api_root: z
    .url({ protocol: /^https?$/u, error: 'is not an http(s) address.' })
    .default('https://api.telegram.org')
    .transform((url) => url.replace(/\/+$/u, '')),
});
const webhook = z.object({
  webhook_url: z
    .string('is missing: the public address at which Telegram reaches /telegram/webhook.')
    .regex(/^https?:\/\/\S+$/u, 'is not an http(s) address.'),
  // Telegram's characters and limit (setWebhook); the lower limit is ours.
  webhook_secret: z
    .string('is missing: without it anybody could speak for Telegram; `openssl rand -hex 32` makes one.')
    .regex(/^[A-Za-z0-9_-]{16,256}$/u, 'has 16 to 256 letters, digits, hyphens and underscores.'),
});

/**
 * Reads the bot from the environment; undefined without a token. A variable that is empty counts as unset.
 * @throws TelegramSettingsError with all problems.
 */
export function telegramSettings(
  env: Readonly<Record<string, string | undefined>>,
  module: TelegramModule = telegramModuleSchema.parse({}),
): TelegramSettings | undefined {
  const names: Readonly<Record<string, string>> = Object.fromEntries(
    Object.entries(module.bot).map(([field, name]) => [field.replace(/_env$/u, ''), name]),
  );
  const given = Object.fromEntries(Object.entries(names).map(([field, name]) => [field, env[name] || undefined]));
  if (given['token'] === undefined) return undefined;
  const asked = bot.safeParse(given);
  const hook = module.mode === 'webhook' ? webhook.safeParse(given) : undefined;
  const issues = [...(asked.error?.issues ?? []), ...(hook?.error?.issues ?? [])];
  if (!asked.success || issues.length > 0) {
    const problems = issues.map(({ path, message }) => `${names[String(path[0])]} ${message}`);
    throw new TelegramSettingsError(`The Telegram bot is not usable: ${problems.join(' ')}`);
  }
  const { token, owner_id: accounts, api_root: apiRoot } = asked.data;
  const { webhook_url: url, webhook_secret: secret } = hook?.data ?? {};
  return { token, accounts, apiRoot, ...(url !== undefined && secret !== undefined && { webhook: { url, secret } }) };
}
