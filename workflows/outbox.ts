import { ActivityCancellationType, continueAsNew, proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { OutboxActivities } from '../contracts/activities.ts';
import { deliveryDeadline, sendHeartbeat } from '../contracts/defaults.ts';
import type { DeliveryRef } from '../contracts/deliveries.ts';
import { workflowIds } from '../contracts/names.ts';
import { durable, local } from './activities.ts';
import { mustBe } from './guards.ts';

/** Input of the flow: the row of the owner's account, by whose id it runs. */
export interface OutboxInput {
  accountId: string;
}

/** One try, never repeated by Temporal: Postgres says when another is safe. */
const showing = proxyActivities<Pick<OutboxActivities, 'deliver'>>({
  startToCloseTimeout: deliveryDeadline,
  heartbeatTimeout: sendHeartbeat,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { maximumAttempts: 1 },
  summary: 'Show it once',
});

/**
 * Brings one chat up to date, one thing after the other, and ends when nothing is due. What must wait (a flood limit,
 * quiet hours) stands in Postgres, and the relay starts the flow again when it is due.
 */
export async function outbox(input: OutboxInput): Promise<void> {
  mustBe(workflowIds.outbox, input?.accountId);
  const { accountId } = input;
  for (;;) {
    const next = await local.nextDelivery({ accountId });
    if (next === null) {
      return;
    }
    await show(next);
    if (workflowInfo().continueAsNewSuggested) {
      await continueAsNew<typeof outbox>({ accountId });
    }
  }
}

/** What Telegram said and Postgres could not be told is written down as soon as it can be. */
async function show(ref: DeliveryRef): Promise<void> {
  let end;
  try {
    end = await showing.deliver(ref);
  } catch {
    await durable.fenceDelivery(ref);
    return;
  }
  if (end !== null) {
    await durable.recordDelivery({ ...ref, end });
  }
}
