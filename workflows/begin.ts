import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  type ChildWorkflowOptions,
  getExternalWorkflowHandle,
  log,
  ParentClosePolicy,
  startChild,
} from '@temporalio/workflow';
import type { GateInput } from '../contracts/activities.ts';
import { nudgeSignal } from '../contracts/messages.ts';
import { workflowIds, workflowTypes } from '../contracts/names.ts';
import type { ItemInput } from '../contracts/pipelines.ts';
import { attributes } from './attributes.ts';

export interface PurchaseInput {
  purchaseId: string;
  ownerId: string;
}

/**
 * Starts a flow that outlives its starter, or nudges it where it already runs: a reset or a repeated step finds what
 * the first one began.
 */
async function begin(
  type: string,
  options: ChildWorkflowOptions & { workflowId: string; args: unknown[] },
): Promise<void> {
  try {
    await startChild(type, { ...options, parentClosePolicy: ParentClosePolicy.ABANDON });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) {
      throw error;
    }
    await nudge(options.workflowId);
  }
}

/** Tells a flow to look at Postgres again; one that has ended has nothing to look at. */
export async function nudge(workflowId: string): Promise<void> {
  try {
    await getExternalWorkflowHandle(workflowId).signal(nudgeSignal);
  } catch {
    log.debug('Nothing to nudge', { workflowId });
  }
}

export async function beginItem(input: ItemInput): Promise<void> {
  const { itemId, ownerId, chain } = input;
  await begin(workflowTypes.item, {
    workflowId: workflowIds.item(itemId),
    args: [input],
    staticSummary: `An item of ${chain.name}`,
    typedSearchAttributes: attributes({ butler: chain.butler, flow: chain.name, owner: ownerId }),
  });
}

export async function beginPurchase(input: PurchaseInput): Promise<void> {
  await begin(workflowTypes.purchase, {
    workflowId: workflowIds.purchase(input.purchaseId),
    args: [input],
    staticSummary: 'A purchase: plan, ask, order, settle',
    typedSearchAttributes: attributes({ butler: 'household', flow: 'purchase', owner: input.ownerId }),
  });
}

export async function beginGate(input: GateInput): Promise<void> {
  await begin(workflowTypes.approval, {
    workflowId: workflowIds.approval(input.approvalId),
    args: [input],
    staticSummary: 'Waits for the owner to decide',
    typedSearchAttributes: attributes({
      butler: input.butler,
      flow: 'approval',
      owner: input.ownerId,
      riskTier: input.riskTier,
      approvalState: input.status,
      deadline: new Date(input.expiresAt),
    }),
  });
}
