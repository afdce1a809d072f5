import { z } from 'zod';

/** `pending → approved | rejected | expired | cancelled`, then `executing → executed | failed | unknown`. */
export const approvalStatuses = [
  'pending',
  'approved',
  'rejected',
  'expired',
  'cancelled',
  'executing',
  'executed',
  'failed',
  'unknown',
] as const;
export type ApprovalStatus = (typeof approvalStatuses)[number];

export const riskTiers = ['low', 'medium', 'high', 'critical'] as const;
export type RiskTier = (typeof riskTiers)[number];

export type Verdict = 'approve' | 'reject';

/** How a decision came: through a door that authenticated the owner, or as a plain signal with the gate's code. */
export type DecisionVia = 'api' | 'console' | 'telegram' | 'signal';

/** A door's decision: its authority is the row "asked" in approval_events under this decision id. */
export interface Decision {
  decisionId: string;
  verdict: Verdict;
  /** The gate's single-use code; needed where no door vouched for the sender. */
  code?: string;
  feedback?: string;
}

/** What the signals `approve` and `reject` carry: the code alone, or the code and a word for the requester. */
export type CodeSignal = string | { code: string; feedback?: string };

/** What a presser learns. `first` is false when this decision is not the one that closed the gate. */
export interface DecisionOutcome {
  status: ApprovalStatus;
  /** False when the decision carried no authority; the gate is as open as before. */
  authorised: boolean;
  first: boolean;
  decidedBy: string | null;
  decidedVia: string | null;
  decidedAt: string | null;
}

/** What an approval asks about, as it stands in Postgres and as the executing activity checks it again. */
export interface Action {
  tool: string;
  toolVersion: number;
  args: Record<string, unknown>;
  account: string;
  nonce: string;
}

/** Body of `POST /api/v1/approvals/{id}/decide`. */
export const decideRequestSchema = z.strictObject({
  verdict: z.enum(['approve', 'reject']),
  feedback: z.string().max(2_000).optional(),
  /** Made by the caller, so that a repeated press is the same decision. */
  decision_id: z.uuid().optional(),
});
