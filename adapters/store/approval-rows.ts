import type {
  Action,
  ApprovalStatus,
  DecisionOutcome,
  DecisionVia,
  RiskTier,
  Verdict,
} from '../../contracts/approvals.ts';

/** An approval as it stands in Postgres. */
export interface Approval {
  id: string;
  ownerId: string;
  butler: string;
  conversationId: string;
  requesterWorkflowId: string;
  status: ApprovalStatus;
  action: Action;
  actionHash: string;
  codeKeyId: string;
  riskTier: RiskTier;
  createdAt: Date;
  expiresAt: Date;
  /** Milliseconds until the expiry by the database's clock. */
  expiresInMs: number;
  decisionId: string | null;
  decidedAt: Date | null;
  decidedBy: string | null;
  decidedVia: string | null;
  feedback: string | null;
}

/** One row of the append-only record of an approval. */
export interface ApprovalEvent {
  seq: number;
  at: Date;
  event: string;
  verdict: Verdict | null;
  approver: string | null;
  via: string | null;
  feedback: string | null;
}

/** What a new gate is made of. `expiresAfterMs` counts from the insert, by the database's clock. */
export interface ApprovalRequest {
  id: string;
  ownerId: string;
  butler: string;
  conversationId: string;
  requesterWorkflowId: string;
  action: Action;
  actionHash: string;
  codeHash: string;
  codeKeyId: string;
  riskTier: RiskTier;
  expiresAfterMs: number;
}

/** What a door that has authenticated the owner records before it tells the workflow. */
export interface Asked {
  approvalId: string;
  ownerId: string;
  decisionId: string;
  verdict: Verdict;
  /** `<channel>:<account>` of an active row of owner_accounts. */
  approver: string;
  via: DecisionVia;
  feedback: string | null;
}

/** The columns of an approval's row, for SELECT and RETURNING. */
export const columns = `id, owner_id, butler, conversation_id, requester_workflow_id, status, tool, tool_version, args, account,
  nonce, action_hash, code_hash, code_key_id, risk_tier, created_at, expires_at,
  (extract(epoch FROM expires_at - clock_timestamp()) * 1000)::float8 AS expires_in_ms,
  decision_id, decided_at, decided_by, decided_via, feedback`;

export interface ApprovalRow {
  id: string;
  owner_id: string;
  butler: string;
  conversation_id: string;
  requester_workflow_id: string;
  status: ApprovalStatus;
  tool: string;
  tool_version: number;
  args: Record<string, unknown>;
  account: string;
  nonce: string;
  action_hash: string;
  code_hash: string;
  code_key_id: string;
  risk_tier: RiskTier;
  created_at: Date;
  expires_at: Date;
  expires_in_ms: number;
  decision_id: string | null;
  decided_at: Date | null;
  decided_by: string | null;
  decided_via: string | null;
  feedback: string | null;
}

export const toApproval = (row: ApprovalRow): Approval => ({
  id: row.id,
  ownerId: row.owner_id,
  butler: row.butler,
  conversationId: row.conversation_id,
  requesterWorkflowId: row.requester_workflow_id,
  status: row.status,
  action: { tool: row.tool, toolVersion: row.tool_version, args: row.args, account: row.account, nonce: row.nonce },
  actionHash: row.action_hash,
  codeKeyId: row.code_key_id,
  riskTier: row.risk_tier,
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  expiresInMs: row.expires_in_ms,
  decisionId: row.decision_id,
  decidedAt: row.decided_at,
  decidedBy: row.decided_by,
  decidedVia: row.decided_via,
  feedback: row.feedback,
});

/** What a presser learns from a row. */
export const outcome = (row: ApprovalRow, first: boolean, authorised = true): DecisionOutcome => ({
  status: row.status,
  first,
  authorised,
  decidedBy: row.decided_by,
  decidedVia: row.decided_via,
  decidedAt: row.decided_at?.toISOString() ?? null,
});
