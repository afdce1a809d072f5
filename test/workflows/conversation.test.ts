import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createOfflineReader } from '../../adapters/offline-reader/index.ts';
import { workflowIds, workflowTypes } from '../../contracts/names.ts';
import { ModelError, type Reader } from '../../contracts/reader.ts';
import { eventually, startHouse, type TestHouse } from '../support/house.ts';

const offline = createOfflineReader();

/** Answers at once, except what says "hang", which waits until it is cancelled, and "down", for which there is no model. */
const moody: Reader = {
  label: 'offline',
  async read(input, options) {
    if (input.body.includes('hang')) {
      const beat = setInterval(options.onProgress, 200);
      await new Promise((resolve) => options.signal.addEventListener('abort', resolve, { once: true }));
      clearInterval(beat);
      throw new ModelError('The model call was cancelled.', { kind: 'cancelled', retryable: false });
    }
    if (input.body.includes('down'))
      throw new ModelError('The model is away.', { kind: 'unavailable', retryable: true, retryAfterMs: 60_000 });
    return offline.read(input, options);
  },
};

let house: TestHouse;
beforeAll(async () => {
  house = await startHouse({ reader: moody });
});
afterAll(() => house.close());

/** Records a message of a chat as a door does, and tells nobody. */
async function record(text: string, address: string) {
  const { ownerId } = house.owner;
  const message = { ownerId, butler: 'household', channel: 'api', address, source: 'api', body: text };
  const { messageId, conversationId } = await house.messages.insertInbound({ ...message, sourceId: randomUUID() });
  return { messageId, conversationId, ownerId };
}

async function say(text: string, address: string) {
  const message = await record(text, address);
  await house.workflows.admit(message);
  return message;
}

const statusOf = async (messageId: string) => (await house.messages.getMessage(messageId))?.status;
const repliesTo = async (messageId: string) =>
  (await house.heard()).filter(({ inReplyTo }) => inReplyTo === messageId).map(({ kind, body }) => `${kind}: ${body}`);
const running = (workflowId: string) =>
  eventually(async () => expect(await house.workflows.stateOf(workflowId)).toBe('running'));

describe('a conversation', () => {
  it('takes along, in order, what was recorded before and never admitted', async () => {
    const need = await record('2 l milk', 'killed');
    const removal = await say("we don't need milk any more", 'killed');
    await eventually(async () => expect(await statusOf(removal.messageId)).toBe('answered'));
    expect(await statusOf(need.messageId)).toBe('answered');
    expect(await repliesTo(removal.messageId)).toEqual(['answer: Taken off the list: milk 2 l.\n(offline reader)']);
    await house.workflows.admit(need);
    await eventually(async () => expect(await repliesTo(need.messageId)).toHaveLength(1));
  });

  it('is not ended by a message that nobody recorded', async () => {
    const first = await say('1 kg rice', 'forged');
    await house.workflows.admit({ ...first, messageId: randomUUID() });
    const next = await say('1 kg barley', 'forged');
    await eventually(async () => expect(await statusOf(next.messageId)).toBe('answered'));
    const { raw, runId } = await house.client.workflow
      .getHandle(workflowIds.conversation(first.conversationId))
      .describe();
    expect(raw.workflowExecutionInfo?.firstRunId).toBe(runId);
  });

  it('goes on after a message that could not be understood in time, and says so', async () => {
    const hung = await record('hang', 'deadline');
    const { conversationId, ownerId } = hung;
    await house.client.workflow.start(workflowTypes.conversation, {
      workflowId: workflowIds.conversation(conversationId),
      taskQueue: house.taskQueue,
      args: [{ conversationId, ownerId, messageDeadlineMs: 1_500 }],
    });
    await house.workflows.admit(hung);
    const down = await say('the model is down', 'deadline');
    const next = await say('3 lemons', 'deadline');
    await eventually(async () => expect(await statusOf(next.messageId)).toBe('answered'));
    for (const { messageId } of [hung, down]) {
      expect(await statusOf(messageId)).toBe('failed');
      expect(await repliesTo(messageId)).toEqual([expect.stringContaining('It is kept')]);
    }
    await eventually(async () => {
      const { rows } = await house.core.query(
        `SELECT session.status, session.success, turn.status AS turn FROM core.sessions session
         LEFT JOIN core.turns turn ON turn.session_id = session.id WHERE session.message_id = ANY($1::uuid[])`,
        [[hung.messageId, down.messageId]],
      );
      const failed = { status: 'ended', success: false, turn: 'errored' };
      expect(rows).toEqual([failed, failed]);
    });
  });

  it('that was terminated with its message leaves no message without an end', async () => {
    const stuck = await say('hang', 'terminated');
    const waiting = await say('4 limes', 'terminated');
    await running(workflowIds.message(stuck.messageId));
    for (const id of [workflowIds.conversation(stuck.conversationId), workflowIds.message(stuck.messageId)])
      await house.client.workflow.getHandle(id).terminate('an operator');
    await eventually(async () => {
      await house.activities.reconcileHouse();
      expect(await statusOf(waiting.messageId)).toBe('answered');
      expect(await statusOf(stuck.messageId)).toBe('failed');
    });
    expect(await repliesTo(stuck.messageId)).toEqual([expect.stringContaining('It is kept')]);
  });
});

it('tells of a break whose notice a crash took away', async () => {
  const { messageId } = await say('get saffron', 'break');
  await eventually(async () => expect(await statusOf(messageId)).toBe('answered'));
  const itemId = await eventually(async () => {
    const saffron = (await house.items()).find(({ title }) => title === 'saffron');
    expect(saffron).toMatchObject({ stage: 'captured', stage_state: 'claimed' });
    return saffron?.id ?? '';
  });
  await house.core.query(`UPDATE core.pipeline_items SET deadline = now() - interval '1 second' WHERE id = $1`, [
    itemId,
  ]);
  await house.pipelines.recordBreak({
    itemId,
    stage: 'captured',
    persona: 'Basil',
    nextAction: 'Say how much.',
    describe: () => 'It is late.',
  });
  await house.workflows.nudge(itemId);
  await eventually(async () => expect(await house.said('notice')).toContain('saffron: It is late.'));
});
