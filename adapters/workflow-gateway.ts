import {
  Client,
  Connection,
  isGrpcServiceError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';
import { decisionDeadline } from '../contracts/defaults.ts';
import {
  TemporalUnavailable,
  UpdateRejected,
  UpdateTimedOut,
  type WorkflowGateway,
  WorkflowNotFound,
} from '../contracts/gateway.ts';
import { decideSignal, decideUpdate } from '../contracts/messages.ts';
import { workflowIds } from '../contracts/names.ts';
import { createHouseWorkflows } from './house-workflows.ts';
import type { TemporalAddress, TemporalConnection } from './temporal.ts';

/** gRPC status codes (https://grpc.github.io/grpc/core/md_doc_statuscodes.html). */
const notFound = 5;

/** Milliseconds that each kind of call may take. */
export interface GatewayDeadlines {
  /** Until a conversation has accepted a message: what is later is admitted by the reconcile. */
  readonly admit: number;
  readonly decide: number;
  /** Signals and descriptions, which wait for no worker. */
  readonly plain: number;
}

export const defaultDeadlines: GatewayDeadlines = { admit: 3_000, decide: decisionDeadline, plain: 2_000 };

/** Milliseconds between two tries to reach a server that is away; gRPC's own limit of two minutes is for fleets. */
const longestReconnectPause = 2_000;

/**
 * A connection that is opened by its first call and opened again whenever it breaks: a door serves without Temporal too.
 * Calls are not repeated (the SDK would, for up to half a minute): whoever knocks learns at once, and knocks again.
 */
export function openTemporal({ address, namespace, dataConverter }: TemporalAddress): TemporalConnection {
  const channelArgs = { 'grpc.max_reconnect_backoff_ms': longestReconnectPause };
  const connection = Connection.lazy({ address, channelArgs, interceptors: [] });
  const client = new Client({ connection, namespace, ...(dataConverter === undefined ? {} : { dataConverter }) });
  return { client, connection, namespace, close: () => connection.close() };
}

/** The doors' way to the workflows on one task queue, over a client whose connection may come and go. */
export function createWorkflowGateway(
  client: Client,
  options: { taskQueue: string; deadlines?: GatewayDeadlines },
): WorkflowGateway {
  const deadlines = options.deadlines ?? defaultDeadlines;
  const flows = createHouseWorkflows(client, options.taskQueue);
  const within = <Result>(ms: number, work: () => Promise<Result>) => client.withDeadline(Date.now() + ms, work);
  const handle = (workflowId: string) => client.workflow.getHandle(workflowId);

  return {
    async admit(message) {
      const workflowId = workflowIds.conversation(message.conversationId);
      await translated(workflowId, () => within(deadlines.admit, () => flows.admit(message)));
    },

    async decide(approvalId, decision) {
      const workflowId = workflowIds.approval(approvalId);
      return translated(workflowId, () =>
        within(deadlines.decide, () =>
          handle(workflowId).executeUpdate(decideUpdate, { args: [decision], updateId: decision.decisionId }),
        ),
      );
    },

    async decideLater(approvalId, decision) {
      const workflowId = workflowIds.approval(approvalId);
      await translated(workflowId, () =>
        within(deadlines.plain, () => handle(workflowId).signal(decideSignal, decision)),
      );
    },

    async nudgePurchase(purchaseId) {
      const workflowId = workflowIds.purchase(purchaseId);
      await translated(workflowId, () => within(deadlines.plain, () => flows.nudge(workflowId)));
    },

    async historyOf(workflowId) {
      try {
        const { status } = await within(deadlines.plain, () => handle(workflowId).describe());
        return status.name === 'RUNNING' ? 'running' : 'closed';
      } catch (error) {
        return error instanceof WorkflowNotFoundError || codeOf(error) === notFound ? 'gone' : 'unknown';
      }
    },
  };
}

/** The SDK's errors as those of contracts/gateway.ts. */
async function translated<Result>(workflowId: string, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof WorkflowUpdateFailedError) {
      const type = error.cause instanceof ApplicationFailure ? error.cause.type : undefined;
      throw new UpdateRejected(type ?? '', error);
    }
    if (error instanceof WorkflowNotFoundError || codeOf(error) === notFound)
      throw new WorkflowNotFound(workflowId, error);
    if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) throw new UpdateTimedOut(error);
    if (codeOf(error) !== undefined) throw new TemporalUnavailable(error);
    throw error;
  }
}

function codeOf(error: unknown): number | undefined {
  if (isGrpcServiceError(error)) return error.code;
  return error instanceof Error && error.cause !== undefined ? codeOf(error.cause) : undefined;
}
