import { APIConnectionError, APIConnectionTimeoutError, APIError } from '@anthropic-ai/sdk';
import { ModelError, type ModelErrorKind, type TokenUsage } from '../../contracts/reader.ts';

/** Longest excerpt of what the service said. */
const longestExcerpt = 200;

/** Longest wait that a `retry-after` may ask for: a day. */
const longestWaitMs = 86_400_000;

/** The statuses that an `error` event inside a stream stands for, which has none of its own (Messages API, "Errors"). */
const statusOfType: Record<string, number> = {
  invalid_request_error: 400,
  authentication_error: 401,
  billing_error: 402,
  permission_error: 403,
  not_found_error: 404,
  rate_limit_error: 429,
  api_error: 500,
  timeout_error: 504,
  overloaded_error: 529,
};

/** Milliseconds asked for by `retry-after-ms`, or `retry-after` as seconds or as a date; null without either. */
export function retryAfterMs(headers: Headers | undefined, now: number): number | null {
  const exact = headers?.get('retry-after-ms') ?? '';
  const plain = headers?.get('retry-after') ?? '';
  const wait = [
    exact === '' ? Number.NaN : Number(exact),
    plain === '' ? Number.NaN : Number(plain) * 1_000,
    Date.parse(plain) - now,
  ].find((each) => Number.isFinite(each));
  return wait === undefined ? null : Math.min(Math.max(Math.ceil(wait), 0), longestWaitMs);
}

/** Spend limits come as 402, or as 429 with a code of their own; waiting does not help (sdk: `ErrorDetails`). */
function isSpendLimit(status: number, error: APIError): boolean {
  return status === 402 || error.type === 'billing_error' || (error.errorCode ?? '').endsWith('spend_limit_reached');
}

function kindOfStatus(status: number): { kind: ModelErrorKind; retryable: boolean } {
  if (status === 429) return { kind: 'rate_limited', retryable: true };
  if (status >= 500) return { kind: 'overloaded', retryable: true };
  if (status === 408) return { kind: 'timeout', retryable: true };
  return { kind: 'refused', retryable: false };
}

/** A bounded piece of what the service said, on one line, with everything secret taken out. */
function excerpt(text: string, secrets: readonly string[]): string {
  let clean = text;
  for (const secret of secrets) clean = clean.replaceAll(secret, '[redacted]');
  clean = clean.replaceAll(/\b(?:sk-|Bearer\s+)[\w.~+/=-]{4,}/gi, '[redacted]').replaceAll(/[\s\p{Cc}]+/gu, ' ');
  return clean.length > longestExcerpt ? `${clean.slice(0, longestExcerpt)}…` : clean;
}

function answered(error: APIError, secrets: readonly string[], usage: TokenUsage | null): ModelError {
  const status = error.status ?? statusOfType[error.type ?? ''] ?? 500;
  const limit = isSpendLimit(status, error);
  const { kind, retryable } = limit ? { kind: 'spend_limit' as const, retryable: false } : kindOfStatus(status);
  const said = error.apiMessage === null ? '' : `: ${excerpt(error.apiMessage, secrets)}`;
  const what = [error.type, error.errorCode]
    .filter((each) => typeof each === 'string')
    .map((each) => each.slice(0, 60));
  const message = `The model answered ${status}${what.length > 0 ? ` (${excerpt(what.join(', '), secrets)})` : ''}${said}`;
  const wait = retryable ? retryAfterMs(error.headers, Date.now()) : null;
  return new ModelError(message, { kind, retryable, status, retryAfterMs: wait, usage });
}

/** The first system code ("ECONNREFUSED") in a chain of causes. */
function codeOf(error: unknown, depth = 0): string | null {
  if (!(error instanceof Error) || depth > 5) return null;
  const code = 'code' in error && typeof error.code === 'string' ? error.code.slice(0, 40) : null;
  return code ?? codeOf(error.cause, depth + 1);
}

/** How far a call had come when it failed. */
export interface CallState {
  readonly cancelled: boolean;
  readonly timedOut: boolean;
  /** True once something of the answer had arrived. */
  readonly begun: boolean;
  readonly usage: TokenUsage | null;
}

/** Whatever a call threw, as the one error of this house. Nothing of the request is in it. */
export function modelError(error: unknown, state: CallState, secrets: readonly string[]): ModelError {
  const { usage } = state;
  if (state.cancelled)
    return new ModelError('The model call was cancelled.', { kind: 'cancelled', retryable: false, usage });
  if (error instanceof ModelError) return error;
  if (state.timedOut)
    return new ModelError('The model did not finish in time.', { kind: 'timeout', retryable: true, usage });
  if (error instanceof APIError && !(error instanceof APIConnectionError)) return answered(error, secrets, usage);
  if (state.begun) return malformed('was cut', usage);
  if (error instanceof APIConnectionTimeoutError) {
    return new ModelError('The model could not be reached in time.', { kind: 'timeout', retryable: true });
  }
  const code = codeOf(error);
  return new ModelError(`The model cannot be reached${code === null ? '' : ` (${code})`}.`, {
    kind: 'unreachable',
    retryable: true,
  });
}

/** An answer that is cut or not of the form that was asked for: "The model's answer …". */
export function malformed(what: string, usage: TokenUsage | null): ModelError {
  return new ModelError(`The model's answer ${what}.`, { kind: 'malformed', retryable: true, usage });
}
