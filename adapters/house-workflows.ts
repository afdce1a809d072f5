import { randomUUID } from 'node:crypto';
import {
  type Client,
  WorkflowExecutionAlreadyStartedError,
  WithStartWorkflowOperation,
  WorkflowNotFoundError,
} from '@temporalio/client';
import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import type { GateInput } from '../contracts/activities.ts';
import { admitUpdate, nudgeSignal } from '../contracts/messages.ts';
import { workflowIds, workflowTypes } from '../contracts/names.ts';
import type { ItemInput } from '../contracts/pipelines.ts';

/**
 * What Temporal says of a flow. `stopped`: somebody terminated or cancelled it, or it failed; `absent`: it was never
 * started, has ended by itself, or its history is gone.
 */
export type FlowState = 'running' | 'stopped' | 'absent';

const flow = defineSearchAttributeKey('Flow', 'KEYWORD');
const owner = defineSearchAttributeKey('Owner', 'KEYWORD');

const stoppedStatuses = new Set(['TERMINATED', 'CANCELLED', 'FAILED', 'TIMED_OUT']);

/** Starts, looks up and nudges the house's flows. Starting one that runs is not an error: it is already what was wanted. */
export function createHouseWorkflows(client: Client, taskQueue: string) {
  async function start(type: string, workflowId: string, argument: object): Promise<void> {
    try {
      await client.workflow.start(type, { workflowId, taskQueue, args: [argument] });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) {
        throw error;
      }
    }
  }

  return {
    async stateOf(workflowId: string): Promise<FlowState> {
      try {
        const { status } = await client.workflow.getHandle(workflowId).describe();
        if (status.name === 'RUNNING') {
          return 'running';
        }
        return stoppedStatuses.has(status.name) ? 'stopped' : 'absent';
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) {
          return 'absent';
        }
        throw error;
      }
    },

    startItem: (input: ItemInput): Promise<void> => start(workflowTypes.item, workflowIds.item(input.itemId), input),
    startGate: (input: GateInput): Promise<void> =>
      start(workflowTypes.approval, workflowIds.approval(input.approvalId), input),
    startPurchase: (input: { purchaseId: string; ownerId: string }): Promise<void> =>
      start(workflowTypes.purchase, workflowIds.purchase(input.purchaseId), input),

    /** Sees to it that an account's chat is brought up to date. Where that is being done it leaves no trace. */
    async startOutbox({ accountId, ownerId }: { accountId: string; ownerId: string }): Promise<void> {
      await client.workflow.start(workflowTypes.outbox, {
        workflowId: workflowIds.outbox(accountId),
        taskQueue,
        args: [{ accountId }],
        workflowIdConflictPolicy: 'USE_EXISTING',
        staticSummary: 'Brings one chat up to date',
        typedSearchAttributes: new TypedSearchAttributes([
          { key: flow, value: workflowTypes.outbox },
          { key: owner, value: ownerId },
        ]),
      });
    },

    /** Tells a flow to look at Postgres again; one that has ended has nothing to look at. */
    async nudge(workflowId: string): Promise<void> {
      try {
        await client.workflow.getHandle(workflowId).signal(nudgeSignal);
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) {
          throw error;
        }
      }
    },

    /**
     * Puts a recorded message into its conversation, which is started if need be. Resolves when it is accepted. The
     * conversation knows a repeat by the message's id; an update's id would be known to a run that was terminated, too.
     */
    async admit(input: { conversationId: string; ownerId: string; messageId: string }): Promise<void> {
      const { conversationId, ownerId, messageId } = input;
      await client.workflow.startUpdateWithStart(admitUpdate, {
        args: [{ messageId }],
        updateId: randomUUID(),
        waitForStage: 'ACCEPTED',
        startWorkflowOperation: new WithStartWorkflowOperation(workflowTypes.conversation, {
          workflowId: workflowIds.conversation(conversationId),
          taskQueue,
          args: [{ conversationId, ownerId }],
          workflowIdConflictPolicy: 'USE_EXISTING',
          staticSummary: 'One conversation: admits messages in order',
        }),
      });
    },
  };
}

export type HouseWorkflows = ReturnType<typeof createHouseWorkflows>;
