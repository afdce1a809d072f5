import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import {
  allHandlersFinished,
  ChildWorkflowFailure,
  condition,
  continueAsNew,
  executeChild,
  ParentClosePolicy,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { messageDeadline } from '../contracts/defaults.ts';
import { failureTypes } from '../contracts/failures.ts';
import { admitUpdate } from '../contracts/messages.ts';
import { workflowIds } from '../contracts/names.ts';
import { type ConversationCarry, ConversationState } from './conversation-state.ts';
import { local } from './activities.ts';
import { isId, malformed, mustBe } from './guards.ts';
import { understandMessage } from './message.ts';

/** Input of a conversation; a run that continues another brings what was still waiting. */
export interface ConversationInput extends Omit<ConversationCarry, 'waiting' | 'recent'> {
  waiting?: string[];
  recent?: string[];
  /** Milliseconds that one message may take to be understood. */
  messageDeadlineMs?: number;
}

/**
 * One chat, for ever: thinks about each message in a child with a deadline, in the order in which they were recorded. One
 * whose own admission was lost goes before the next that arrives.
 */
export async function conversation(input: ConversationInput): Promise<void> {
  mustBe(workflowIds.conversation, input?.conversationId);
  const { conversationId, ownerId, messageDeadlineMs = messageDeadline } = input;
  const state = new ConversationState({ waiting: input.waiting ?? [], recent: input.recent ?? [] });

  setHandler(admitUpdate, ({ messageId }) => ({ admitted: state.admit(messageId) }), {
    validator: (argument) => {
      if (!isId(argument?.messageId)) {
        throw malformed('admit carries the id of a message');
      }
    },
  });

  for (;;) {
    await condition(() => !state.idle || (workflowInfo().continueAsNewSuggested && allHandlersFinished()));
    const admitted = state.next();
    if (admitted !== undefined) {
      state.precede(await local.waitingBefore({ messageId: admitted }));
    }
    const messageId = state.next();
    if (messageId !== undefined) {
      await think(messageId, ownerId, messageDeadlineMs);
      state.done(messageId);
    }
    if (workflowInfo().continueAsNewSuggested) {
      await condition(allHandlersFinished);
      await continueAsNew<typeof conversation>({ conversationId, ownerId, messageDeadlineMs, ...state.carry() });
    }
  }
}

/** A message that cannot be understood in time is kept and said so; the next ones do not wait for ever. */
async function think(messageId: string, ownerId: string, deadlineMs: number): Promise<void> {
  try {
    await executeChild(understandMessage, {
      args: [{ messageId, ownerId }],
      workflowId: workflowIds.message(messageId),
      workflowExecutionTimeout: deadlineMs,
      parentClosePolicy: ParentClosePolicy.ABANDON,
      staticSummary: 'Understand one message',
    });
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) {
      return;
    }
    if (!(error instanceof ChildWorkflowFailure)) {
      throw error;
    }
    const refused =
      error.cause instanceof Error && 'type' in error.cause && error.cause.type === failureTypes.modelRefused;
    await local.failMessage({ messageId, reason: refused ? 'model_refused' : 'deadline' });
  }
}
