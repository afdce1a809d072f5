import { randomUUID } from 'node:crypto';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createMessageActivities } from '../../activities/messages.ts';
import { createOfflineReader } from '../../adapters/offline-reader/index.ts';
import { createSessionStore, type SessionStore } from '../../adapters/store/sessions.ts';
import type { MessageActivities } from '../../contracts/activities.ts';
import { ModelError, type ModelErrorFacts, type Reader } from '../../contracts/reader.ts';
import { runActivity } from '../support/activity.ts';
import { type Groceries, openGroceries } from '../support/groceries.ts';
import type { TestOwner } from '../support/stores.ts';

let house: Groceries;
let owner: TestOwner;
let sessions: SessionStore;

beforeAll(async () => {
  house = await openGroceries();
  sessions = createSessionStore(house.core);
});
beforeEach(async () => {
  owner = await house.newOwner();
});
afterAll(() => house.close());

const butler = { name: 'household', prompt: 'Read the groceries.' };

/** The activities with a reader of the test's own. */
function activitiesWith(reader: Reader, own: { sessions?: SessionStore } = {}): MessageActivities {
  const { messages, groceries } = house;
  return createMessageActivities({ messages, groceries, sessions, reader, butler, now: () => new Date(), ...own });
}

type Step = keyof MessageActivities;

/** Runs steps of a message one after the other, the way a workflow does. */
async function run(activities: MessageActivities, messageId: string, steps: Step[], attempt = 1): Promise<void> {
  for (const step of steps) {
    await runActivity<unknown>(() => activities[step]({ messageId, reason: 'deadline' }), { attempt });
  }
}

const all: Step[] = ['readMessage', 'captureMessage', 'answerMessage'];
const offline = createOfflineReader();

function failing(facts: ModelErrorFacts): Reader {
  return { label: 'haiku', read: () => Promise.reject(new ModelError('The model did not answer.', facts)) };
}

function counting(): { reader: Reader; calls: Parameters<Reader['read']>[0][] } {
  const calls: Parameters<Reader['read']>[0][] = [];
  const read: Reader['read'] = (input, options) => {
    calls.push(input);
    options.onProgress();
    return offline.read(input, options);
  };
  return { reader: { label: 'offline', read }, calls };
}

const answers = async () =>
  (await house.messages.listOutbound({ ownerId: owner.ownerId, afterSeq: 0, limit: 10 })).map(({ kind, body }) => [
    kind,
    body,
  ]);

async function sessionOf(messageId: string) {
  const { rows } = await house.core.query(
    `SELECT session.purpose, session.mode, session.model, session.success, session.status, session.trigger_source,
       session.workflow_id, session.cost_micro, turn.status AS turn, turn.error_note, turn.user_message, turn.tokens_in
     FROM core.sessions session LEFT JOIN core.turns turn ON turn.session_id = session.id WHERE session.message_id = $1`,
    [messageId],
  );
  return rows;
}

describe('a message', () => {
  it('is read, captured and answered, and leaves its session and turn', async () => {
    const { messageId } = await house.write(owner, "we're out of milk and eggs, and get 2 kg flour");
    await run(activitiesWith(offline), messageId, all);
    expect(await answers()).toEqual([
      ['answer', 'Noted: milk 1 l (usual), eggs 10 × (usual), flour 2 kg.\n(offline reader)'],
    ]);
    expect(await house.messages.getMessage(messageId)).toMatchObject({ status: 'answered' });
    expect(await sessionOf(messageId)).toEqual([
      {
        purpose: 'read_groceries',
        mode: 'execution',
        model: 'offline',
        success: true,
        status: 'ended',
        trigger_source: 'api',
        workflow_id: `message-${messageId}`,
        cost_micro: null,
        turn: 'ok',
        error_note: null,
        user_message: "we're out of milk and eggs, and get 2 kg flour",
        tokens_in: 0,
      },
    ]);
  });

  it('is paid for and answered once, however often its steps run', async () => {
    const { messageId } = await house.write(owner, 'milk, rice');
    const { reader, calls } = counting();
    const activities = activitiesWith(reader);
    await run(activities, messageId, [
      ...all,
      'readMessage',
      'readMessage',
      'captureMessage',
      'captureMessage',
      ...all,
    ]);
    expect(calls).toHaveLength(1);
    expect(await answers()).toHaveLength(1);
    const { rows } = await house.household.query('SELECT count(*) FROM household.needs WHERE message_id = $1', [
      messageId,
    ]);
    expect(rows).toEqual([{ count: 2 }]);
  });

  it('is read with the butler’s prompt and the questions of its conversation', async () => {
    await house.say(owner, 'rice');
    await house.say(owner, 'beans', 'another room');
    const { messageId } = await house.write(owner, '1 kg');
    const { reader, calls } = counting();
    await run(activitiesWith(reader), messageId, all);
    expect(calls).toEqual([{ body: '1 kg', openQuestions: [{ name: 'rice' }], system: 'Read the groceries.' }]);
    expect(await answers()).toEqual([['answer', 'Completed: rice 1 kg.\n(offline reader)']]);
  });

  it('tells Temporal that it is alive for every piece that arrives', async () => {
    const { messageId } = await house.write(owner, 'milk');
    let beats = 0;
    const onHeartbeat = () => {
      beats += 1;
    };
    const activities = activitiesWith(counting().reader);
    await runActivity(() => activities.readMessage({ messageId }), { onHeartbeat });
    expect(beats).toBe(2);
  });

  it('that is not there fails for good', async () => {
    for (const step of all) {
      await expect(run(activitiesWith(offline), randomUUID(), [step])).rejects.toMatchObject({
        type: 'NotFound',
        nonRetryable: true,
      });
    }
  });

  it('is not captured before it was read', async () => {
    const { messageId } = await house.write(owner, 'milk');
    await expect(run(activitiesWith(offline), messageId, ['captureMessage'])).rejects.toMatchObject({
      type: 'NotFound',
    });
    await expect(run(activitiesWith(offline), messageId, ['answerMessage'])).rejects.toMatchObject({
      type: 'NotFound',
    });
  });
});

describe('a model that fails', () => {
  const usage = { inputTokens: 7, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };

  it('is asked again after what it wants to wait, and the success overwrites the error', async () => {
    const { messageId } = await house.write(owner, 'milk');
    const busy = failing({ kind: 'rate_limited', retryable: true, retryAfterMs: 7_000, usage });
    await expect(run(activitiesWith(busy), messageId, ['readMessage'])).rejects.toMatchObject({
      nonRetryable: false,
      nextRetryDelay: 7_000,
    });
    expect(await sessionOf(messageId)).toMatchObject([
      {
        status: 'ended',
        success: false,
        turn: 'errored',
        error_note: 'rate_limited: The model did not answer.',
        tokens_in: 7,
      },
    ]);
    await run(activitiesWith(offline), messageId, all);
    expect(await sessionOf(messageId)).toMatchObject([
      { status: 'ended', success: true, turn: 'ok', error_note: null },
    ]);
    const { rows } = await house.core.query(
      "SELECT count(*) FROM core.turns_history WHERE status = 'errored' AND user_message = 'milk'",
    );
    expect(rows).toEqual([{ count: 1 }]);
  });

  it('is not asked again when it refuses', async () => {
    const { messageId } = await house.write(owner, 'milk');
    const refusing = failing({ kind: 'refused', retryable: false, status: 400 });
    const failure = await run(activitiesWith(refusing), messageId, ['readMessage']).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ type: 'ModelRefused', nonRetryable: true });
  });

  it('is not asked a fourth time when it talks nonsense', async () => {
    const { messageId } = await house.write(owner, 'milk');
    const odd = activitiesWith(failing({ kind: 'malformed', retryable: true }));
    await expect(run(odd, messageId, ['readMessage'], 2)).rejects.toMatchObject({ nonRetryable: false });
    await expect(run(odd, messageId, ['readMessage'], 3)).rejects.toMatchObject({ nonRetryable: true });
  });

  it('is a cancellation when the call was cancelled', async () => {
    const { messageId } = await house.write(owner, 'milk');
    const cancelled = activitiesWith(failing({ kind: 'cancelled', retryable: false }));
    await expect(run(cancelled, messageId, ['readMessage'])).rejects.toBeInstanceOf(CancelledFailure);
  });

  it('says why even when that cannot be written down', async () => {
    const { messageId } = await house.write(owner, 'milk');
    const down: SessionStore = { ...sessions, recordTurn: () => Promise.reject(new Error('no database')) };
    const activities = activitiesWith(failing({ kind: 'overloaded', retryable: true }), { sessions: down });
    await expect(run(activities, messageId, ['readMessage'])).rejects.toThrow('The model did not answer.');
  });

  it('leaves nothing of an unknown error’s text', async () => {
    const { messageId } = await house.write(owner, 'milk');
    const broken: Reader = { label: 'haiku', read: () => Promise.reject(new TypeError('key sk-123')) };
    await expect(run(activitiesWith(broken), messageId, ['readMessage'])).rejects.toThrow(TypeError);
    expect(await sessionOf(messageId)).toMatchObject([{ error_note: 'TypeError' }]);
  });
});

describe('failMessage', () => {
  it('says so once and keeps the message', async () => {
    const { messageId } = await house.write(owner, 'milk');
    await run(activitiesWith(offline), messageId, ['failMessage', 'failMessage']);
    expect(await answers()).toEqual([['notice', expect.stringContaining('It is kept')]]);
    expect(await house.messages.getMessage(messageId)).toMatchObject({ status: 'failed', body: 'milk' });
  });

  it('answers what was captured before its time was over', async () => {
    const { messageId } = await house.write(owner, '2 kg flour');
    await run(activitiesWith(offline), messageId, ['readMessage', 'captureMessage', 'failMessage']);
    expect(await answers()).toEqual([['answer', 'Noted: flour 2 kg.\n(offline reader)']]);
    expect(await house.messages.getMessage(messageId)).toMatchObject({ status: 'answered' });
  });

  it('closes the session of a call that never came back', async () => {
    const { messageId } = await house.write(owner, 'milk');
    const lost: Reader = { label: 'haiku', read: () => new Promise(() => undefined) };
    void run(activitiesWith(lost), messageId, ['readMessage']);
    await vi.waitFor(async () => expect(await sessionOf(messageId)).toMatchObject([{ status: 'active' }]));
    await run(activitiesWith(offline), messageId, ['failMessage']);
    expect(await sessionOf(messageId)).toMatchObject([{ status: 'abandoned', success: false }]);
  });

  it('has nobody to tell of a message that was never recorded', async () => {
    await run(activitiesWith(offline), randomUUID(), ['failMessage']);
    expect(await answers()).toEqual([]);
  });

  it('comes too late for a message that was answered', async () => {
    const { messageId } = await house.write(owner, 'milk');
    await run(activitiesWith(offline), messageId, [...all, 'failMessage']);
    expect(await answers()).toHaveLength(1);
    expect(await house.messages.getMessage(messageId)).toMatchObject({ status: 'answered' });
  });
});
