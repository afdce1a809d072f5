import { Context, log } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import type { Captured, GroceriesStore } from '../adapters/store/groceries.ts';
import type { Message, MessageStore } from '../adapters/store/messages.ts';
import type { SessionStore } from '../adapters/store/sessions.ts';
import type { CaptureResult, MessageActivities, MessageFailure } from '../contracts/activities.ts';
import type { Butler } from '../contracts/butler.ts';
import { groceries as groceriesChain } from '../contracts/chains/groceries.ts';
import { type Extraction, extractionSchema } from '../contracts/extraction.ts';
import { failureTypes } from '../contracts/failures.ts';
import { deriveId } from '../contracts/ids.ts';
import { workflowIds } from '../contracts/names.ts';
import { malformedAttempts, ModelError, type Reader, type Reading } from '../contracts/reader.ts';
import { answerText } from './answers.ts';

export interface MessageDependencies {
  messages: MessageStore;
  sessions: SessionStore;
  groceries: GroceriesStore;
  reader: Reader;
  butler: Pick<Butler, 'name' | 'prompt'>;
  now: () => Date;
}

const { persona } = groceriesChain({ captured: 0, bought: 0 });
const speaker = `${persona.emoji} ${persona.name}`;

/** A message's one session, and in it the one turn that reads it. */
const sessionOf = (messageId: string): string => deriveId('session', messageId);
const readingTurn = 1;

const missing = (what: string) => ApplicationFailure.nonRetryable(`There is no such ${what}.`, failureTypes.notFound);

/** What the owner wrote: read it, make items of it, answer it. Each step is an upsert by the message's id. */
export function createMessageActivities(deps: MessageDependencies): MessageActivities {
  const { messages, sessions, groceries, reader, butler, now } = deps;

  async function load(messageId: string): Promise<Message> {
    const message = await messages.getMessage(messageId);
    if (message === null || message.direction !== 'inbound') throw missing('message');
    return message;
  }

  async function openSession(message: Message): Promise<void> {
    await sessions.openSession({
      id: sessionOf(message.id),
      ownerId: message.ownerId,
      butler: butler.name,
      purpose: 'read_groceries',
      mode: 'execution',
      triggerSource: message.source,
      model: reader.label,
      messageId: message.id,
      workflowId: workflowIds.message(message.id),
    });
  }

  async function read(message: Message): Promise<Reading> {
    const context = Context.current();
    const openQuestions = await groceries.openQuestions(message.ownerId, message.conversationId);
    context.heartbeat();
    return reader.read(
      { body: message.body, openQuestions, system: butler.prompt },
      { signal: context.cancellationSignal, onProgress: () => context.heartbeat() },
    );
  }

  async function recordSuccess(message: Message, startedAt: Date, reading: Reading): Promise<void> {
    const { extraction, raw, usage, model } = reading;
    await sessions.recordTurn({
      sessionId: sessionOf(message.id),
      turnNum: readingTurn,
      startedAt,
      userMessage: message.body,
      model,
      outcome: { status: 'ok', response: raw, result: extraction, toolCalls: model === 'offline' ? 0 : 1, usage },
    });
  }

  /** The record of a failure must not hide the failure. */
  async function recordFailure(message: Message, startedAt: Date, error: unknown): Promise<void> {
    const errorNote = noteOf(error);
    const usage = error instanceof ModelError ? error.usage : null;
    const sessionId = sessionOf(message.id);
    try {
      await sessions.recordTurn({
        sessionId,
        turnNum: readingTurn,
        startedAt,
        userMessage: message.body,
        model: reader.label,
        outcome: { status: 'errored', errorNote, usage },
      });
      await sessions.endSession(sessionId, { success: false, error: errorNote });
    } catch (failure) {
      log.warn('A failed model call could not be recorded.', { error: noteOf(failure) });
    }
  }

  async function capturedOf(messageId: string): Promise<Captured> {
    const captured = await groceries.readCapture(messageId);
    if (captured === null) throw missing('capture');
    return captured;
  }

  async function answer(message: Message): Promise<void> {
    const { report } = await capturedOf(message.id);
    await messages.insertOutbound({
      ownerId: message.ownerId,
      conversationId: message.conversationId,
      butler: butler.name,
      kind: 'answer',
      persona: speaker,
      body: answerText(report),
      dedupeKey: `answer:${message.id}`,
      inReplyTo: message.id,
    });
    await messages.markStatus(message.id, 'answered');
  }

  return {
    waitingBefore: ({ messageId }): Promise<string[]> => messages.waitingBefore(messageId),

    async readMessage({ messageId }): Promise<void> {
      const message = await load(messageId);
      const turn = await sessions.getTurn(sessionOf(messageId), readingTurn);
      if (turn?.status !== 'ok') {
        await openSession(message);
        const startedAt = now();
        const reading = await read(message).catch(async (error: unknown) => {
          await recordFailure(message, startedAt, error);
          throw failureOf(error);
        });
        await recordSuccess(message, startedAt, reading);
      }
      await sessions.endSession(sessionOf(messageId), { success: true, error: null });
    },

    async captureMessage({ messageId }): Promise<CaptureResult> {
      const message = await load(messageId);
      const turn = await sessions.getTurn(sessionOf(messageId), readingTurn);
      if (turn?.status !== 'ok') throw missing('reading');
      const extraction: Extraction = extractionSchema.parse(turn.result);
      const { ownerId, conversationId, source } = message;
      const input = { messageId, ownerId, conversationId, source, reader: turn.model, extraction };
      return (await groceries.capture(input)).result;
    },

    async answerMessage({ messageId }): Promise<void> {
      await answer(await load(messageId));
    },

    async failMessage({ messageId, reason }): Promise<void> {
      const message = await messages.getMessage(messageId);
      // An id that stands for no message came by Temporal's ports: there is nobody to tell.
      if (message === null || message.direction !== 'inbound' || message.status === 'answered') return;
      await sessions.abandonSession(sessionOf(messageId), reason);
      if ((await groceries.readCapture(messageId)) !== null) return answer(message);
      await messages.insertOutbound({
        ownerId: message.ownerId,
        conversationId: message.conversationId,
        butler: butler.name,
        kind: 'notice',
        persona: speaker,
        body: `${failures[reason]} It is kept; please send it again later.`,
        dedupeKey: `failed:${messageId}`,
        inReplyTo: messageId,
      });
      await messages.markStatus(messageId, 'failed');
    },
  };
}

/** What the owner is told about a message that could not be understood. */
const failures: Record<MessageFailure, string> = {
  deadline: 'I could not make anything of your message in time.',
  model_refused: 'The model would not read your message.',
  stopped: 'Somebody stopped me while I was reading your message.',
};

/** Only a ModelError is known to hold neither keys nor the owner's words. */
function noteOf(error: unknown): string {
  if (error instanceof ModelError) return `${error.kind}: ${error.message}`;
  return error instanceof Error ? error.name : 'unknown error';
}

/** How Temporal should take it: refused for good, again after what the service asked for, or as it is. */
function failureOf(error: unknown): unknown {
  if (!(error instanceof ModelError)) return error;
  if (error.kind === 'cancelled') return new CancelledFailure(error.message);
  const tiredOf = error.kind === 'malformed' && Context.current().info.attempt >= malformedAttempts;
  if (!error.retryable || tiredOf) return ApplicationFailure.nonRetryable(error.message, failureTypes.modelRefused);
  return ApplicationFailure.create({
    message: error.message,
    type: error.name,
    ...(error.retryAfterMs === null ? {} : { nextRetryDelay: error.retryAfterMs }),
  });
}
