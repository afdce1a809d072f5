import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  setCurrentDetails,
  setHandler,
  uuid4,
  workflowInfo,
} from '@temporalio/workflow';
import type { GateInput } from '../contracts/activities.ts';
import type { CodeSignal, Decision, DecisionOutcome, Verdict } from '../contracts/approvals.ts';
import { failureTypes } from '../contracts/failures.ts';
import {
  approveSignal,
  decideSignal,
  decideUpdate,
  gateStateQuery,
  nudgeSignal,
  rejectSignal,
} from '../contracts/messages.ts';
import { workflowIds } from '../contracts/names.ts';
import { durable, local } from './activities.ts';
import { show } from './attributes.ts';
import { nudge } from './begin.ts';
import { GateState } from './gate-state.ts';
import { isDecision, malformed, mustBe, readCodeSignal } from './guards.ts';

/** A later run of the same gate: what was offered and not yet put to Postgres. */
export interface GateRun extends GateInput {
  offered?: Decision[];
}

/**
 * The durable wait in which the owner decides. It holds no authority: each decision is put to Postgres, which checks
 * who sent it, and the first one that counts closes the gate. No answer in time means no.
 */
export async function approvalGate(input: GateRun): Promise<DecisionOutcome> {
  mustBe(workflowIds.approval, input?.approvalId);
  const { approvalId } = input;
  const state = new GateState('pending');
  listen(state, input);
  for (const decision of input.offered ?? []) {
    state.offer(decision);
  }
  setCurrentDetails(
    `Waits for the owner until ${input.expiresAt}. Signals \`approve\` and \`reject\` carry the card's code.`,
  );

  const deadline = Date.now() + input.expiresInMs;
  while (state.closed === undefined) {
    await step(state, approvalId, deadline);
    // A handler that waits for its decision is finished by the next step, not by waiting for it here.
    if (state.closed === undefined && workflowInfo().continueAsNewSuggested && allHandlersFinished()) {
      await continueAsNew<typeof approvalGate>({
        ...input,
        expiresInMs: deadline - Date.now(),
        offered: state.carry(),
      });
    }
  }
  show({ approvalState: state.closed.status });
  setCurrentDetails(
    `${state.closed.status}${state.closed.decidedVia === null ? '' : ` via ${state.closed.decidedVia}`}`,
  );
  await nudge(input.requesterWorkflowId);
  await condition(allHandlersFinished);
  return state.closed;
}

/** Waits for the next thing and does it: look into Postgres, then decide or expire. */
async function step(state: GateState, approvalId: string, deadline: number): Promise<void> {
  const left = deadline - Date.now();
  const inTime = left > 0 && (await condition(() => state.busy, left));
  if (state.takeNudge()) {
    const { asked, ...known } = await local.readGate({ approvalId });
    if (known.status === 'pending') {
      asked.forEach((decision) => state.offer(decision));
    } else {
      state.close(known);
      return;
    }
  }
  const decision = state.next();
  if (decision !== undefined) {
    state.answer(decision.decisionId, await durable.recordDecision({ approvalId, decision }));
    return;
  }
  if (!inTime) {
    const outcome = await durable.expireApproval({ approvalId });
    if (outcome.status === 'pending') {
      await condition(() => state.busy, clockSkew);
      return;
    }
    state.close(outcome);
  }
}

/** The database's clock decides about expiry; where it lags behind Temporal's, the gate asks again after this. */
const clockSkew = '1s';

function listen(state: GateState, input: GateInput): void {
  setHandler(gateStateQuery, () => ({ status: state.status, expiresAt: input.expiresAt }));
  setHandler(decideUpdate, (decision) => decide(state, decision), {
    validator: (decision) => {
      if (!isDecision(decision)) {
        throw malformed('decide carries {decisionId, verdict, code?, feedback?}');
      }
      if (state.closed !== undefined && state.find(decision.decisionId) === undefined) {
        throw closedFailure(state.closed);
      }
      if (state.full) {
        throw ApplicationFailure.retryable('Too many decisions wait at this gate.');
      }
    },
  });
  setHandler(decideSignal, (decision) => {
    if (isDecision(decision)) {
      state.offer(decision);
    }
  });
  const onCode = (verdict: Verdict) => (argument: CodeSignal) => {
    const signal = readCodeSignal(argument);
    if (signal !== undefined && !state.full) {
      state.offer({ decisionId: uuid4(), verdict, ...signal });
    }
  };
  setHandler(approveSignal, onCode('approve'));
  setHandler(rejectSignal, onCode('reject'));
  setHandler(nudgeSignal, () => state.nudge());
}

async function decide(state: GateState, decision: Decision): Promise<DecisionOutcome> {
  state.offer(decision);
  await condition(() => state.closed !== undefined || state.find(decision.decisionId)?.outcome !== undefined);
  const outcome = state.find(decision.decisionId)?.outcome ?? state.closed;
  if (outcome === undefined || !outcome.authorised) {
    throw ApplicationFailure.nonRetryable('This decision carries no authority.', failureTypes.notAuthorised);
  }
  if (!outcome.first) {
    throw closedFailure(outcome);
  }
  return outcome;
}

function closedFailure(outcome: DecisionOutcome): ApplicationFailure {
  const type = outcome.status === 'expired' ? failureTypes.expired : failureTypes.alreadyDecided;
  return ApplicationFailure.create({
    message: `The gate is ${outcome.status}.`,
    type,
    nonRetryable: true,
    details: [outcome],
  });
}
