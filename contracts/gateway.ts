import type { Decision, DecisionOutcome } from './approvals.ts';

/** The workflow engine could not be reached, or did not answer in time; the same call may work later. */
export class TemporalUnavailable extends Error {
  override readonly name = 'TemporalUnavailable';
  readonly retryable = true;

  constructor(cause: unknown) {
    super('The workflow engine is unavailable.', { cause });
  }
}

/** An update was not processed in time, probably because no worker runs. It may still be processed. */
export class UpdateTimedOut extends Error {
  override readonly name = 'UpdateTimedOut';
  readonly retryable = true;

  constructor(cause: unknown) {
    super('The workflow did not answer in time.', { cause });
  }
}

/** No workflow runs under this id: it has ended, or never began. */
export class WorkflowNotFound extends Error {
  override readonly name = 'WorkflowNotFound';
  readonly retryable = false;

  constructor(
    readonly workflowId: string,
    cause: unknown,
  ) {
    super(`No workflow ${workflowId} is running.`, { cause });
  }
}

/** The workflow refused an update; `type` is one of `failureTypes`, or empty when it gave none. */
export class UpdateRejected extends Error {
  override readonly name = 'UpdateRejected';
  readonly retryable = false;

  constructor(
    readonly type: string,
    cause: unknown,
  ) {
    super(`The workflow refused the update (${type || 'without a type'}).`, { cause });
  }
}

/** What is known of a workflow's history: `gone` when Temporal keeps none, `unknown` when it cannot be asked. */
export type HistoryState = 'running' | 'closed' | 'gone' | 'unknown';

/** The doors' way to the workflows. Every call has a deadline and throws TemporalUnavailable when there is no answer. */
export interface WorkflowGateway {
  /**
   * Hands a recorded message to its conversation, which is started when it does not run. Resolves when the workflow has
   * accepted it. A repeat is the same admission. Throws UpdateTimedOut, UpdateRejected.
   */
  admit(message: { messageId: string; conversationId: string; ownerId: string }): Promise<void>;
  /** Decides a gate and learns the outcome. Throws UpdateTimedOut, UpdateRejected, WorkflowNotFound. */
  decide(approvalId: string, decision: Decision): Promise<DecisionOutcome>;
  /** Leaves the same decision as a durable signal. Throws WorkflowNotFound. */
  decideLater(approvalId: string, decision: Decision): Promise<void>;
  /** Makes a purchase look at Postgres again; one that has ended has nothing to look at. */
  nudgePurchase(purchaseId: string): Promise<void>;
  /** Never throws. */
  historyOf(workflowId: string): Promise<HistoryState>;
}
