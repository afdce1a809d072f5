import { writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { expect, it } from 'vitest';
import { workflowIds, workflowTypes } from '../../contracts/names.ts';
import { historyKeyring } from '../support/history-keys.ts';
import { eventually, startHouse, type TestHouse } from '../support/house.ts';
import { startChats } from '../support/telegram.ts';

/** `npm run histories`: plays every flow once and saves what happened as `<workflow>.<what happened>.json`. */
it('records histories', record, 60_000);
it('records the history of a chat', recordOutbox, 60_000);

const folder = fileURLToPath(new URL('.', import.meta.url));

async function record(): Promise<void> {
  const house = await startHouse({
    codecKeyring: historyKeyring,
    groceries: { deadlines: { capturedWithinMs: 1_000, boughtWithinMs: 3_000 } },
  });
  try {
    const said = await house.say('2 kg flour and saffron');
    const withdrawn = await house.openGate();
    await house.say('500 g flour');
    const rejected = await eventually(async () => {
      const gate = await house.openGate();
      expect(gate.id).not.toBe(withdrawn.id);
      return gate;
    });
    await house.decide(rejected.id, 'reject');
    await eventually(async () => expect((await house.purchases())[0]?.status).toBe('rejected'));
    await house.say('buy it now');
    const approved = await house.openGate();
    await eventually(async () => expect(await house.said('notice')).toContain('saffron'));
    await house.decide(approved.id, 'approve');
    await eventually(async () => expect((await house.purchases())[1]?.status).toBe('ordered'));
    const [first, second] = await house.purchases();
    await house.confirm(second?.id ?? '', 250);
    await house.client.workflow.getHandle(workflowIds.purchase(second?.id ?? '')).result();
    await house.client.workflow.execute(workflowTypes.reconcile, { workflowId: 'record', taskQueue: house.taskQueue });
    const items = await house.items();
    const item = (title: string, status: string) => items.find((each) => each.title === title && each.status === status)?.id ?? '';
    await eventually(async () => {
      expect((await house.items()).find(({ id }) => id === item('flour', 'open') || id === item('flour', 'done'))?.status).toBe('done');
    });
    await save(house, workflowIds.conversation(said.conversationId), 'conversation.three-messages');
    await save(house, workflowIds.message(said.messageId), 'understandMessage.two-needs');
    await save(house, withdrawn.id, 'approvalGate.withdrawn');
    await save(house, rejected.id, 'approvalGate.rejected');
    await save(house, approved.id, 'approvalGate.approved');
    await save(house, workflowIds.purchase(first?.id ?? ''), 'purchase.asked-twice', 'first');
    await save(house, workflowIds.purchase(first?.id ?? ''), 'purchase.continued-and-rejected');
    await save(house, workflowIds.purchase(second?.id ?? ''), 'purchase.bought');
    await save(house, (await house.items()).find(({ title, status }) => title === 'flour' && status === 'done')?.id ?? '', 'pipelineItem.bought');
    await save(house, item('saffron', 'open'), 'pipelineItem.overdue');
    await save(house, 'record', 'reconcile.quiet');
  } finally {
    await house.close();
  }
}

/** A run in which one try does not report back and the next thing is shown. */
async function recordOutbox(): Promise<void> {
  const chats = await startChats();
  const chat = await chats.open();
  let lost = false;
  const house = await startHouse({
    codecKeyring: historyKeyring,
    telegram: chat,
    around: async (name, run) => {
      if (name === 'deliver' && !lost) {
        lost = true;
        throw new Error('Lost.');
      }
      return run();
    },
  });
  try {
    await house.stopWorker();
    const admitted = house.write('thanks', await chat.write('thanks'), chat.chatId);
    await house.notice('The shop has opened.');
    await house.restartWorker();
    await admitted;
    await eventually(async () => expect((await chat.said()).some(({ text }) => text.includes('opened'))).toBe(true));
    const workflowId = workflowIds.outbox(house.accountId ?? '');
    const first = await eventually(async () => {
      const runs = [];
      for await (const run of house.client.workflow.list({ query: `WorkflowId = '${workflowId}'` })) runs.push(run);
      const oldest = runs.at(-1);
      expect(oldest?.status.name).toBe('COMPLETED');
      return oldest;
    });
    await save(house, workflowId, 'outbox.fenced-and-shown', first?.runId);
  } finally {
    await house.close();
    await chats.stop();
  }
}

/** Saves the last run of a workflow, the first one of those that continue each other, or the one with this id. */
async function save(house: TestHouse, workflowId: string, name: string, which?: string): Promise<void> {
  const { raw } = await house.client.workflow.getHandle(workflowId).describe();
  const runId = which === 'first' ? (raw.workflowExecutionInfo?.firstRunId ?? undefined) : which;
  const history = await house.client.workflow.getHandle(workflowId, runId).fetchHistory();
  const text = historyToJSON(history).replaceAll(/"identity":\s*"[^"]*"/gu, '"identity": "recorder"').replaceAll(`@${hostname()}`, '@recorder');
  writeFileSync(`${folder}${name}.json`, text);
}
