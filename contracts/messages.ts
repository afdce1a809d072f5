import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';
import type { ApprovalStatus, CodeSignal, Decision, DecisionOutcome } from './approvals.ts';

/** Conversation: a message that stands in Postgres is to be thought about. Accepting it is the promise. */
export const admitUpdate = defineUpdate<{ admitted: boolean }, [{ messageId: string }]>('admit');

/** Gate: a decision, processed at once; the sender learns the outcome. */
export const decideUpdate = defineUpdate<DecisionOutcome, [Decision]>('decide');

/** Gate: the same decision when nobody could process it in time. */
export const decideSignal = defineSignal<[Decision]>('decide-later');

/** Gate: plain decisions from the Web UI and the command line; they carry the gate's code. */
export const approveSignal = defineSignal<[CodeSignal]>('approve');
export const rejectSignal = defineSignal<[CodeSignal]>('reject');

/** Gate: where it stands. */
export const gateStateQuery = defineQuery<{ status: ApprovalStatus; expiresAt: string }>('state');

/**
 * Item, purchase, gate: something changed in Postgres, look again. It carries nothing, because a signal is a message and
 * never authority.
 */
export const nudgeSignal = defineSignal('nudge');
