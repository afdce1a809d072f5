import { ActivityCancellationType, proxyActivities, sleep } from '@temporalio/workflow';
import type { EffectActivities } from '../contracts/activities.ts';
import { sendAttempts, sendDeadline, sendHeartbeat } from '../contracts/defaults.ts';
import type { Receipt } from '../contracts/effects.ts';
import { durable } from './activities.ts';

/** How long the flow waits before it tries again what was certainly not sent. */
const pauses = ['1s', '10s', '1m'] as const;

/** One attempt, never repeated by Temporal: the flow makes the next one, and only when it is safe. */
const sending = proxyActivities<Pick<EffectActivities, 'attemptEffect'>>({
  startToCloseTimeout: sendDeadline,
  heartbeatTimeout: sendHeartbeat,
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry: { maximumAttempts: 1 },
  summary: 'Send once',
});

/**
 * Carries an intent out. Killed at any moment it ends in the receipt that the ledger knows: an attempt that did not
 * report back is fenced first, and only what certainly did not leave is tried again.
 */
export async function carryOut(intentId: string): Promise<Receipt> {
  for (let number = 1; number <= sendAttempts; number++) {
    const receipt = await attempt(intentId, number);
    if (receipt !== null) {
      return receipt;
    }
    await sleep(pauses[number - 1] ?? '1m');
  }
  return durable.giveUpEffect({ intentId });
}

/** The receipt of one attempt, or null when nothing was sent and a next attempt may be made. */
async function attempt(intentId: string, number: number): Promise<Receipt | null> {
  const ref = { intentId, number };
  try {
    const receipt = await sending.attemptEffect(ref);
    return receipt.outcome === 'refused' && receipt.retryable ? null : receipt;
  } catch {
    const fenced = await durable.fenceAttempt(ref);
    if (fenced.verdict === 'send_again') {
      return null;
    }
    return fenced.receipt.outcome === 'refused' && fenced.receipt.retryable ? null : fenced.receipt;
  }
}
