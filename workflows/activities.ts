import type { RetryPolicy } from '@temporalio/common';
import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type {
  EffectActivities,
  GateActivities,
  MessageActivities,
  OutboxActivities,
  PipelineActivities,
  PurchaseActivities,
  ReconcileActivities,
} from '../contracts/activities.ts';
import { failureTypes } from '../contracts/failures.ts';

const lasting: RetryPolicy = {
  initialInterval: '200ms',
  maximumInterval: '1 minute',
  nonRetryableErrorTypes: [failureTypes.notFound],
};

/** Short, idempotent steps in Postgres: an upsert by a key that the caller made, run in the worker that has the task. */
export const local = proxyLocalActivities<
  Pick<MessageActivities, 'waitingBefore' | 'captureMessage' | 'answerMessage' | 'failMessage'> &
    PipelineActivities &
    Pick<PurchaseActivities, 'planPurchase' | 'planChanged' | 'readPurchase'> &
    Pick<GateActivities, 'readGate'> &
    Pick<OutboxActivities, 'nextDelivery'>
>({ startToCloseTimeout: '5s', localRetryThreshold: '10s', retry: lasting });

/** Steps that claim, decide, reserve or settle: durable the moment that they end. */
export const durable = proxyActivities<
  Omit<PurchaseActivities, 'planPurchase' | 'planChanged' | 'readPurchase'> &
    Omit<GateActivities, 'readGate'> &
    Pick<EffectActivities, 'fenceAttempt' | 'giveUpEffect'> &
    Pick<OutboxActivities, 'recordDelivery' | 'fenceDelivery'>
>({ startToCloseTimeout: '10s', retry: lasting });

/** The call of a model, or of the reader that stands in for it. */
export const reading = proxyActivities<Pick<MessageActivities, 'readMessage'>>({
  startToCloseTimeout: '150s',
  heartbeatTimeout: '30s',
  retry: {
    ...lasting,
    maximumInterval: '2 minutes',
    nonRetryableErrorTypes: [failureTypes.notFound, failureTypes.modelRefused],
  },
});

/** Looks over the whole house. */
export const watching = proxyActivities<ReconcileActivities>({
  startToCloseTimeout: '2 minutes',
  retry: { maximumAttempts: 3 },
});
