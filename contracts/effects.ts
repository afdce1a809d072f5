/** Outcomes of an effect. `unknown`: it may have happened; it is never sent again blindly. */
export type ReceiptOutcome = 'delivered' | 'refused' | 'expired' | 'unknown';

/** A receipt as the flow sees it. */
export interface Receipt {
  outcome: ReceiptOutcome;
  /** The provider's own id: a Message-ID, the id of a message row. */
  providerId: string | null;
  detail: string | null;
  /** True when the provider was certainly not reached and a next attempt may help. */
  retryable: boolean;
}

/** Whose turn it is in an effect: which intent, which attempt of it (from 1). */
export interface AttemptRef {
  intentId: string;
  number: number;
}

/**
 * What is known of an attempt that did not report back. `send_again`: it certainly did not send, or its channel
 * deduplicates; `settled`: its receipt stands, and is `unknown` where an unkeyed send was on the wire.
 */
export type FenceResult = { verdict: 'send_again' } | { verdict: 'settled'; receipt: Receipt };
