import { Api, type RawApi } from 'grammy';
import { failureOf } from './failure.ts';
import { createTransport } from './transport.ts';

/** Which bot, and where the Bot API is. */
export interface BotAccess {
  token: string;
  /** Without a slash at its end; Telegram's own by default. */
  apiRoot?: string;
  /** Milliseconds for a call that is no long poll. */
  timeoutMs?: number;
}

const standardRoot = 'https://api.telegram.org';
const standardMs = 30_000;

/** One call of the Bot API; the signal and the time limit end it. */
export type BotCall = <Answer>(
  method: keyof RawApi,
  call: (api: RawApi) => Promise<Answer>,
  signal: AbortSignal,
  /** Milliseconds, where the bot's own are too few. */
  timeoutMs?: number,
) => Promise<Answer>;

/** The Bot API. A call throws TelegramFailure and nothing else; neither its text nor its stack holds the token. */
export function openBot({ token, apiRoot = standardRoot, timeoutMs = standardMs }: BotAccess): BotCall {
  const hide = (text: string): string => text.replaceAll(token, '…');
  return async (method, call, signal, ownMs = timeoutMs) => {
    const transport = createTransport(AbortSignal.any([signal, AbortSignal.timeout(ownMs)]));
    // grammY's own time limit stays behind the transport's, which knows how far a request came.
    const options = { apiRoot, fetch: transport, timeoutSeconds: ownMs / 500, sensitiveLogs: false };
    const { raw } = new Api(token, options);
    try {
      return await call(raw);
    } catch (error) {
      throw failureOf(method, error, hide);
    }
  };
}
