import { failureTypes } from '../contracts/failures.ts';
import type { Decision, DecisionOutcome, Verdict } from '../contracts/approvals.ts';
import { TemporalUnavailable, UpdateRejected, UpdateTimedOut, WorkflowNotFound } from '../contracts/gateway.ts';
import type { ApiDeps, ApprovalRecord, Caller } from './ports.ts';
import { Problem } from './problem.ts';

/** What the owner wants of a gate. `decisionId` is the same in every try of one press. */
export interface Wish {
  approvalId: string;
  decisionId: string;
  verdict: Verdict;
  feedback: string | null;
}

/** A gate's state after a press, or null when the decision is written down and will be processed later. */
export type Decided = Pick<ApprovalRecord, 'id' | 'status' | 'decidedBy' | 'decidedVia' | 'decidedAt'> | null;

/**
 * Decides a gate: the wish is recorded in Postgres, which is its authority; then the workflow is told and asked for the
 * outcome; when it does not answer in time a durable signal is left with the same decision id. When not even that can
 * be left, it is left later, and the record itself is enough: the gate looks for it at its start and whenever the
 * reconcile nudges it. A closed gate is answered from Postgres. Throws problems.
 */
export async function decideGate(deps: ApiDeps, caller: Caller, wish: Wish): Promise<Decided> {
  const before = await read(deps, caller, wish.approvalId);
  if (settled(before, wish)) return before;
  const asked = await deps.approvals.recordAsked({
    ...wish,
    ownerId: caller.ownerId,
    approver: caller.account,
    via: 'api',
  });
  if (asked === null) throw noSuchApproval();
  if (settled(asked, wish)) return asked;
  const decision: Decision = {
    decisionId: wish.decisionId,
    verdict: wish.verdict,
    ...(wish.feedback !== null && { feedback: wish.feedback }),
  };
  return tell(deps, caller, wish, decision);
}

async function tell(deps: ApiDeps, caller: Caller, wish: Wish, decision: Decision): Promise<Decided> {
  try {
    return fromOutcome(wish, await deps.workflows.decide(wish.approvalId, decision));
  } catch (error) {
    if (error instanceof UpdateTimedOut) return leave(deps, caller, wish, decision);
    if (error instanceof UpdateRejected) return refused(deps, caller, wish, decision, error);
    if (error instanceof WorkflowNotFound) return closedOrRecorded(deps, caller, wish, decision);
    if (error instanceof TemporalUnavailable) return leaveLater(deps, wish, decision);
    throw error;
  }
}

function leaveLater({ later, workflows }: ApiDeps, { approvalId }: Wish, decision: Decision): null {
  later('a decision', () => workflows.decideLater(approvalId, decision));
  return null;
}

/** Nobody processed it in time, which is no failure: the signal waits for whoever comes. */
async function leave(deps: ApiDeps, caller: Caller, wish: Wish, decision: Decision): Promise<Decided> {
  try {
    await deps.workflows.decideLater(wish.approvalId, decision);
    return null;
  } catch (error) {
    if (error instanceof WorkflowNotFound) return closedOrRecorded(deps, caller, wish, decision);
    if (error instanceof TemporalUnavailable) return leaveLater(deps, wish, decision);
    throw error;
  }
}

/** The gate's workflow has ended, or has not begun: Postgres knows which. */
async function closedOrRecorded(deps: ApiDeps, caller: Caller, wish: Wish, decision: Decision): Promise<Decided> {
  const now = await read(deps, caller, wish.approvalId);
  return settled(now, wish) ? now : leaveLater(deps, wish, decision);
}

async function refused(
  deps: ApiDeps,
  caller: Caller,
  wish: Wish,
  decision: Decision,
  error: UpdateRejected,
): Promise<Decided> {
  if (error.type === failureTypes.notAuthorised) throw otherWish();
  return closedOrRecorded(deps, caller, wish, decision);
}

async function read(deps: ApiDeps, caller: Caller, approvalId: string): Promise<ApprovalRecord> {
  const approval = await deps.approvals.get(approvalId, caller.ownerId);
  if (approval === null) throw noSuchApproval();
  return approval;
}

/** False while the gate is open; true when this very decision closed it; a problem when another one did. */
function settled(approval: ApprovalRecord, wish: Wish): boolean {
  if (approval.status === 'pending' && approval.expiresInMs > 0) return false;
  if (approval.decisionId === wish.decisionId) return true;
  const late = approval.status === 'pending' || approval.status === 'expired';
  throw closed(
    late ? 'expired' : approval.status,
    approval.decidedBy,
    approval.decidedVia,
    approval.decidedAt?.toISOString() ?? null,
  );
}

function fromOutcome(wish: Wish, outcome: DecisionOutcome): Decided {
  if (!outcome.authorised) throw otherWish();
  if (!outcome.first) throw closed(outcome.status, outcome.decidedBy, outcome.decidedVia, outcome.decidedAt);
  const { status, decidedBy, decidedVia, decidedAt } = outcome;
  return {
    id: wish.approvalId,
    status,
    decidedBy,
    decidedVia,
    decidedAt: decidedAt === null ? null : new Date(decidedAt),
  };
}

function closed(status: string, by: string | null, via: string | null, at: string | null): Problem {
  const expired = status === 'expired';
  const detail = expired
    ? 'Nobody decided in time, which means no.'
    : `The approval is ${status}; the first decision stands.`;
  return new Problem(expired ? 'expired' : 'already-decided', detail, { outcome: { status, by, via, at } });
}

const noSuchApproval = () => new Problem('not-found', 'There is no such approval.');
const otherWish = () =>
  new Problem('idempotency-conflict', 'This decision_id was used for another verdict or by another key.');
