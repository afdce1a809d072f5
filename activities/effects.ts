import { ApplicationFailure } from '@temporalio/common';
import type { ApprovalStore } from '../adapters/store/approvals.ts';
import type { LedgerStore, SendRefusal } from '../adapters/store/ledger.ts';
import { actionHash } from '../contracts/action.ts';
import type { EffectActivities } from '../contracts/activities.ts';
import type { EffectTool, SendRequest } from '../contracts/effect-tool.ts';
import type { AttemptRef, Receipt } from '../contracts/effects.ts';
import { failureTypes } from '../contracts/failures.ts';
import { whileHeartbeating } from './heartbeat.ts';

export interface EffectDependencies {
  ledger: LedgerStore;
  approvals: ApprovalStore;
  /** Every tool that may leave the house, by name; any other is refused. */
  tools: ReadonlyMap<string, EffectTool>;
  /** Milliseconds that a claim gives the right to begin sending. */
  leaseMs: number;
}

const refusals: Record<Exclude<SendRefusal, 'fenced'>, string> = {
  changed: 'What was to be sent is not what was approved.',
  not_approved: 'No decision of the owner allows it.',
  expired: 'The approval had expired before it could be carried out.',
};

const refused = (detail: string, outcome: 'refused' | 'expired' = 'refused'): Receipt => ({
  outcome,
  providerId: null,
  detail,
  retryable: false,
});

/** The one way out of the house. */
export function createEffectActivities(deps: EffectDependencies): EffectActivities {
  const { ledger, approvals, tools, leaseMs } = deps;

  async function load(ref: AttemptRef) {
    const intent = await ledger.getIntent(ref.intentId);
    const approval = await approvals.get(intent.approvalId);
    if (approval === null) {
      throw ApplicationFailure.nonRetryable('There is no such approval.', failureTypes.notFound);
    }
    return { intent, approval, tool: tools.get(intent.tool) };
  }

  /** A throw says nothing about what left the house, so the outcome is unknown. */
  async function send(tool: EffectTool, request: SendRequest): Promise<Receipt> {
    try {
      const answer = await whileHeartbeating((signal) => tool.send(request, signal));
      return answer.sent
        ? { outcome: 'delivered', providerId: answer.providerId, detail: answer.detail, retryable: false }
        : { outcome: 'refused', providerId: null, detail: answer.detail, retryable: answer.retryable };
    } catch (error) {
      const detail = error instanceof Error ? error.name : 'Error';
      return { outcome: 'unknown', providerId: null, detail: `The send ended with ${detail}.`, retryable: false };
    }
  }

  return {
    async attemptEffect(ref) {
      const { intent, approval, tool } = await load(ref);
      const claim = await ledger.claim(ref, { leaseMs, keyed: tool?.keyed ?? false });
      if (claim !== 'claimed') {
        throw ApplicationFailure.nonRetryable(`The attempt is ${claim}.`, failureTypes.attemptNotOurs);
      }
      if (tool === undefined || tool.name !== approval.action.tool || tool.version !== approval.action.toolVersion) {
        return ledger.recordReceipt(ref, refused('The tool is not registered in the version that was approved.'));
      }
      const refusal = await ledger.startSending(ref, actionHash(approval.action));
      if (refusal === 'fenced') {
        throw ApplicationFailure.nonRetryable('The attempt was fenced.', failureTypes.attemptNotOurs);
      }
      if (refusal !== null) {
        return ledger.recordReceipt(ref, refused(refusals[refusal], refusal === 'expired' ? 'expired' : 'refused'));
      }
      const receipt = await send(tool, {
        intentId: intent.id,
        ownerId: intent.ownerId,
        conversationId: approval.conversationId,
        account: approval.action.account,
        args: approval.action.args,
      });
      return ledger.recordReceipt(ref, receipt);
    },

    async fenceAttempt(ref) {
      const { tool } = await load(ref);
      return ledger.fence(ref, { keyed: tool?.keyed ?? false });
    },

    async giveUpEffect({ intentId }) {
      const receipt = await ledger.giveUp(intentId);
      if (receipt === null) {
        throw ApplicationFailure.nonRetryable('There is no such intent.', failureTypes.notFound);
      }
      return receipt;
    },
  };
}
