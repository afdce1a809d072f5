import type { Extraction } from './extraction.ts';

/** Tokens of one model call; all zero for the offline reader. */
export interface TokenUsage {
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cacheReadTokens: number;
  readonly cacheWriteTokens: number;
}

export interface ReaderInput {
  readonly body: string;
  /** Things whose amount the owner was asked for and has not said yet. */
  readonly openQuestions: readonly { readonly name: string }[];
  /** The butler's own prompt; the stable beginning of the request. */
  readonly system: string;
}

export interface ReaderOptions {
  readonly signal: AbortSignal;
  /** Called for every chunk that arrives, so that the caller can heartbeat. */
  readonly onProgress: () => void;
}

export interface Reading {
  /** With every span exact. */
  readonly extraction: Extraction;
  readonly usage: TokenUsage;
  readonly model: string;
  /** The answer as it came, for the turn's row. */
  readonly raw: string;
}

/** Makes something of one message. Throws ModelError when it cannot. */
export interface Reader {
  /** `offline`, or the model's id. */
  readonly label: string;
  read(input: ReaderInput, options: ReaderOptions): Promise<Reading>;
}

/**
 * What went wrong with a model call. `refused`: 4xx other than 429; `spend_limit`: no money left; `rate_limited`: 429;
 * `overloaded`: 5xx; `unreachable`: no connection; `timeout`; `malformed`: cut, or not the form that was asked for;
 * `unavailable`: the breaker is open, nothing was sent; `cancelled`: the caller's signal.
 */
export type ModelErrorKind =
  | 'refused'
  | 'spend_limit'
  | 'rate_limited'
  | 'overloaded'
  | 'unreachable'
  | 'timeout'
  | 'malformed'
  | 'unavailable'
  | 'cancelled';

/** How often a message is read again after a `malformed` answer, each of which is paid for: attempts in all. */
export const malformedAttempts = 3;

export interface ModelErrorFacts {
  readonly kind: ModelErrorKind;
  readonly retryable: boolean;
  /** HTTP status; null when there was no answer. */
  readonly status?: number | null;
  /** Milliseconds that the service, or the breaker, asks to wait; null when it does not say. */
  readonly retryAfterMs?: number | null;
  /** Tokens that were used nevertheless; null when nobody knows. */
  readonly usage?: TokenUsage | null;
}

/** A model call that did not give an answer, in one sentence without keys, headers or the owner's words. */
export class ModelError extends Error {
  readonly kind: ModelErrorKind;
  readonly retryable: boolean;
  readonly status: number | null;
  readonly retryAfterMs: number | null;
  readonly usage: TokenUsage | null;

  constructor(message: string, facts: ModelErrorFacts) {
    super(message);
    this.name = 'ModelError';
    this.kind = facts.kind;
    this.retryable = facts.retryable;
    this.status = facts.status ?? null;
    this.retryAfterMs = facts.retryAfterMs ?? null;
    this.usage = facts.usage ?? null;
  }
}

/**
 * Whether calls are let through. `retryAfterMs` is 0 unless it is open; an open state whose time has passed is
 * `half-open`: the next call is the trial.
 */
export interface ModelState {
  readonly state: 'closed' | 'open' | 'half-open';
  readonly retryAfterMs: number;
}
