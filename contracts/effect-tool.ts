import type { RiskTier } from './approvals.ts';

/** What a channel is handed when an attempt holds the right to send. */
export interface SendRequest {
  /** Stable over all attempts: what a keyed channel deduplicates by, what an e-mail's Message-ID is made of. */
  intentId: string;
  ownerId: string;
  conversationId: string;
  /** Who it was approved to be sent as. */
  account: string;
  args: Record<string, unknown>;
}

/** A sender's word that nothing left the house. */
export interface NotSent {
  sent: false;
  retryable: boolean;
  detail: string;
}

/** A tool that may leave the house: what the card and the ledger must know of it, and its one way out. */
export interface EffectTool {
  name: string;
  version: number;
  riskTier: RiskTier;
  /** Keyed: the provider deduplicates by the intent id, so an unanswered send may be repeated. */
  keyed: boolean;
  /** Sends once. Returns `sent: false` only when nothing left; any throw means that the outcome is not known. */
  send(
    request: SendRequest,
    signal: AbortSignal,
  ): Promise<{ sent: true; providerId: string; detail: string } | NotSent>;
}
