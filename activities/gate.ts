import { ApplicationFailure } from '@temporalio/common';
import type { ApprovalStore } from '../adapters/store/approvals.ts';
import type { GateActivities } from '../contracts/activities.ts';
import { failureTypes } from '../contracts/failures.ts';

/** The gate's steps: each is one transaction in Postgres, where authority is checked and the first decision wins. */
export function createGateActivities({ approvals }: { approvals: ApprovalStore }): GateActivities {
  return {
    async readGate({ approvalId }) {
      const approval = known(await approvals.get(approvalId));
      return {
        status: approval.status,
        authorised: true,
        first: false,
        decidedBy: approval.decidedBy,
        decidedVia: approval.decidedVia,
        decidedAt: approval.decidedAt?.toISOString() ?? null,
        asked: await approvals.unanswered(approvalId),
      };
    },
    async recordDecision({ approvalId, decision }) {
      return known(await approvals.decide(approvalId, decision));
    },
    async expireApproval({ approvalId }) {
      return known(await approvals.expire(approvalId));
    },
    async withdrawApproval({ approvalId }) {
      return known(await approvals.cancel(approvalId, 'What it was about has changed.', ['pending']));
    },
  };
}

/** A gate's workflow that somebody started by hand has no row, and so can do nothing. */
function known<Found>(found: Found | null): Found {
  if (found === null) {
    throw ApplicationFailure.nonRetryable('There is no such approval.', failureTypes.notFound);
  }
  return found;
}
