import { GrammyError, HttpError } from 'grammy';
import { NothingSent } from './transport.ts';

/**
 * A call of the Bot API that gave no result. `unsent`: the request did not leave this machine. `refused`: Telegram said
 * no, so nothing was done. `unknown`: it may have been done. Without a cause on purpose: what grammY and the
 * HTTP client throw holds the address, and the address holds the token.
 */
export class TelegramFailure extends Error {
  override readonly name = 'TelegramFailure';

  constructor(
    message: string,
    readonly kind: 'unsent' | 'refused' | 'unknown',
    /** Telegram's error code; null without an answer. */
    readonly code: number | null = null,
    /** Milliseconds after which to try again, where the same call may work then; else null. */
    readonly retryAfterMs: number | null = null,
  ) {
    super(message);
  }
}

/** Milliseconds before another try where nobody said how long. */
const standardRetryMs = 1_000;
/** Codes that say nothing of the call itself: the token is not known (401, 404), or there were too many calls (429). */
const passing: ReadonlySet<number> = new Set([401, 404, 429]);
/** Characters that are told of a refusal. */
const longestDescription = 200;

/** What an error of grammY's means; `hide` takes the token out of any text. */
export function failureOf(method: string, error: unknown, hide: (text: string) => string): TelegramFailure {
  if (error instanceof GrammyError) return refusal(method, error, hide);
  if (error instanceof HttpError && error.error instanceof NothingSent) {
    const detail = `${method} did not reach Telegram: ${hide(error.error.message)}`;
    return new TelegramFailure(detail, 'unsent', null, standardRetryMs);
  }
  return new TelegramFailure(`${method} got no answer that can be read; it may have been done.`, 'unknown');
}

function refusal(method: string, error: GrammyError, hide: (text: string) => string): TelegramFailure {
  const { error_code: code, description, parameters } = error;
  const detail = hide(`${method}: ${code} ${description}`).slice(0, longestDescription);
  if (!(code >= 400 && code < 500)) return new TelegramFailure(detail, 'unknown', code);
  const retryAfterMs = (parameters.retry_after ?? 0) * 1000 || standardRetryMs;
  return new TelegramFailure(detail, 'refused', code, passing.has(code) ? retryAfterMs : null);
}
