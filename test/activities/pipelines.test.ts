import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createPipelineActivities, type ChainEvidence } from '../../activities/pipelines.ts';
import type { ChainDefinition, StageFinding } from '../../contracts/pipelines.ts';
import { runActivity } from '../support/activity.ts';
import { type Groceries, noon, openGroceries, testSettings } from '../support/groceries.ts';
import type { TestOwner } from '../support/stores.ts';

let house: Groceries;
let owner: TestOwner;

beforeAll(async () => {
  house = await openGroceries();
});
beforeEach(async () => {
  owner = await house.newOwner();
});
afterAll(() => house.close());

async function startedBy(body: string) {
  const { result } = await house.say(owner, body);
  return { itemId: result.started[0]?.itemId ?? '', purchaseId: result.purchaseId ?? '' };
}

async function events(itemId: string) {
  const { rows } = await house.household.query<{
    stage: string;
    event: string;
    evidence: Record<string, unknown> | null;
  }>('SELECT stage, event, evidence FROM core.stage_events WHERE item_id = $1 ORDER BY seq', [itemId]);
  return rows;
}

const steps = async (itemId: string) => (await events(itemId)).map(({ stage, event }) => `${stage} ${event}`);

/** Brings the purchase of an item as far as the order. */
async function order(purchaseId: string, status: 'ordered' | 'unknown') {
  await house.groceries.plan(purchaseId);
  await house.groceries.markAsked(purchaseId, 1, { approvalId: randomUUID(), reservationId: randomUUID() });
  await house.groceries.startOrdering(purchaseId, 1);
  const intentId = randomUUID();
  const receipt = { outcome: status === 'unknown' ? 'unknown' : 'delivered', providerId: 'list 1', detail: null };
  await house.groceries.recordOrdered(purchaseId, { status, intentId, receipt });
  return intentId;
}

const bought = (purchaseId: string) =>
  house.groceries.confirm({
    purchaseId,
    ownerId: owner.ownerId,
    by: owner.approver,
    verdict: 'bought',
    amountMinor: 199,
  });

describe('the groceries', () => {
  it('advance over all that is proved, with the evidence of each stage', async () => {
    const { itemId } = await startedBy('2 kg flour');
    const state = await house.advance(owner, itemId);
    expect(state).toMatchObject({ status: 'open', stage: 'bought', stageState: 'open', broken: false });
    expect(state.deadlineInMs).toBeGreaterThan(259_100_000);
    expect(await steps(itemId)).toEqual([
      'need entered',
      'need done',
      'captured entered',
      'captured done',
      'bought entered',
    ]);
    const [, need, , captured] = await events(itemId);
    expect(need?.evidence).toMatchObject({ message_id: expect.any(String), received_at: expect.any(String) });
    expect(captured?.evidence).toMatchObject({
      parts: [{ name: 'flour', quantity: '2', unit: 'kg', origin: 'said', span: { text: '2 kg flour' } }],
    });
  });

  it('say why they are open, and leave a reason that says more', async () => {
    const { itemId } = await startedBy('2 l milk');
    await house.advance(owner, itemId);
    expect(await house.item(itemId)).toMatchObject({
      stage: 'bought',
      stage_state: 'open',
      reason: 'It is in no purchase.',
    });
    await house.household.query(`UPDATE core.pipeline_items SET reason = 'It was not bought.' WHERE id = $1`, [itemId]);
    await house.advance(owner, itemId);
    expect(await house.item(itemId)).toMatchObject({ reason: 'It was not bought.' });
  });

  it('write nothing on a repeat', async () => {
    const { itemId } = await startedBy('rice');
    const state = await house.advance(owner, itemId);
    const before = [await events(itemId), await house.item(itemId), await versions(itemId)];
    expect(await house.advance(owner, itemId)).toMatchObject({ ...state, deadlineInMs: expect.any(Number) });
    expect([await events(itemId), await house.item(itemId), await versions(itemId)]).toEqual(before);
  });

  it('claim what is captured without an amount, and go on when it is said', async () => {
    const { itemId } = await startedBy('rice');
    expect(await house.advance(owner, itemId)).toMatchObject({ stage: 'captured', stageState: 'claimed' });
    expect(await house.item(itemId)).toMatchObject({
      reason: 'How much rice? For example: 1 kg rice',
      next_action: 'Answer how much is needed.',
    });
    await house.say(owner, '1 kg');
    expect(await house.advance(owner, itemId)).toMatchObject({ stage: 'bought', stageState: 'open' });
    expect(
      (await events(itemId)).find(({ event, stage }) => `${stage} ${event}` === 'captured done')?.evidence,
    ).toMatchObject({
      parts: [{ quantity: '1', unit: 'kg', span: { text: '1 kg' } }],
    });
  });

  it('do not hold as captured when the words are not those of the message', async () => {
    const { itemId } = await startedBy('2 kg flour');
    await house.household.query('UPDATE household.needs SET span_start = span_start + 1 WHERE id = $1', [itemId]);
    expect(await house.advance(owner, itemId)).toMatchObject({ stage: 'captured', stageState: 'claimed' });
  });

  it('prove every part of what was merged', async () => {
    const { itemId } = await startedBy('1 l milk');
    await house.say(owner, '2 l milk');
    await house.advance(owner, itemId);
    const captured = (await events(itemId)).find(({ event, stage }) => `${stage} ${event}` === 'captured done');
    expect(captured?.evidence?.parts).toMatchObject([{ quantity: '1' }, { quantity: '2' }]);
  });

  it('are bought by a receipt and somebody’s word, and claimed until then', async () => {
    const { itemId, purchaseId } = await startedBy('milk');
    await house.advance(owner, itemId);
    const intentId = await order(purchaseId, 'ordered');
    expect(await house.advance(owner, itemId)).toMatchObject({ stage: 'bought', stageState: 'claimed' });
    expect(await house.item(itemId)).toMatchObject({ next_action: expect.stringContaining('Confirm the purchase') });
    await bought(purchaseId);
    expect(await house.advance(owner, itemId)).toMatchObject({ status: 'done', stageState: 'done', deadline: null });
    const done = (await events(itemId)).at(-1);
    expect(done).toMatchObject({
      stage: 'bought',
      event: 'done',
      evidence: {
        purchase_id: purchaseId,
        intent_id: intentId,
        receipt: { outcome: 'delivered', providerId: 'list 1' },
        amount: '1.99',
        currency: 'EUR',
        confirmed_by: owner.approver,
        line: { item_id: itemId, name: 'milk' },
      },
    });
  });

  it('show an unknown order as claimed, and as open again when it was not bought', async () => {
    const { itemId, purchaseId } = await startedBy('milk');
    await house.advance(owner, itemId);
    await order(purchaseId, 'unknown');
    expect(await house.advance(owner, itemId)).toMatchObject({ stageState: 'claimed' });
    expect(await house.item(itemId)).toMatchObject({ reason: 'It is not known whether the order went out.' });
    const word = {
      purchaseId,
      ownerId: owner.ownerId,
      by: owner.approver,
      verdict: 'not_bought' as const,
      amountMinor: null,
    };
    await house.groceries.confirm(word);
    expect(await house.advance(owner, itemId)).toMatchObject({ status: 'open', stageState: 'open' });
  });

  it('claim again when a second order went out', async () => {
    const { itemId, purchaseId } = await startedBy('milk');
    await order(purchaseId, 'ordered');
    await house.advance(owner, itemId);
    const word = {
      purchaseId,
      ownerId: owner.ownerId,
      by: owner.approver,
      verdict: 'not_bought' as const,
      amountMinor: null,
    };
    await house.groceries.confirm(word);
    const { result } = await house.say(owner, 'buy it now');
    await order(result.purchaseId ?? '', 'ordered');
    await house.advance(owner, itemId);
    expect((await steps(itemId)).filter((step) => step === 'bought claimed')).toHaveLength(2);
  });

  it('stay where they ended', async () => {
    const { itemId } = await startedBy('milk');
    await house.say(owner, "don't need milk any more");
    expect(await house.advance(owner, itemId)).toMatchObject({ status: 'cancelled' });
    expect(await steps(itemId)).toEqual(['need entered', 'need cancelled']);
  });
});

describe('the engine', () => {
  const stage = {
    actor: 'owner',
    deadlineMs: null,
    evidence: 'owner',
    invariant: '',
    nextAction: 'Do it.',
    onBreak: '',
  } as const;
  const chain: ChainDefinition = {
    name: 'chores',
    butler: 'household',
    persona: { name: 'Ada', emoji: '🧹' },
    stages: [
      { ...stage, name: 'need' },
      { ...stage, name: 'swept' },
    ],
  };

  function engine(evidence: ChainEvidence) {
    const { pipelines, messages } = house;
    const activities = createPipelineActivities({
      pipelines,
      messages,
      evidence: { chores: evidence },
      settings: testSettings,
      now: () => noon,
    });
    return async (itemId: string) => {
      await house.household.query(
        `UPDATE core.pipeline_items SET metadata = jsonb_build_object('chain', $2::jsonb) WHERE id = $1`,
        [itemId, JSON.stringify(chain)],
      );
      return runActivity(() => activities.advanceItem({ itemId, ownerId: owner.ownerId, chain }));
    };
  }

  it('takes any chain whose stages can be proved', async () => {
    const { itemId } = await startedBy('milk');
    const holds: StageFinding = { holds: true, evidence: { seen: true } };
    const advance = engine({ need: async () => holds, swept: async () => holds });
    expect(await advance(itemId)).toMatchObject({ status: 'done', stage: 'swept' });
  });

  it('undoes the whole step when the evidence of one stage cannot be had', async () => {
    const { itemId } = await startedBy('milk');
    const advance = engine({ need: async () => ({ holds: true, evidence: {} }) });
    await expect(advance(itemId)).rejects.toThrow('Nothing proves the stage "swept"');
    expect(await house.item(itemId)).toMatchObject({ stage: 'need', status: 'open' });
    expect(await steps(itemId)).toEqual(['need entered']);
  });

  it('refuses for good an item that is not there', async () => {
    const failure = await engine({})(randomUUID()).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApplicationFailure);
    expect(failure).toMatchObject({ nonRetryable: true, type: 'NotFound' });
  });
});

describe('a break', () => {
  const run = (itemId: string, stage: string) =>
    runActivity(() =>
      house.activities.recordBreak({
        itemId,
        stage,
        ownerId: owner.ownerId,
        chain: house.chain,
      }),
    );
  const notices = () => house.messages.listOutbound({ ownerId: owner.ownerId, afterSeq: 0, limit: 10 });

  it('is recorded and told once, in the persona’s name, with the next action', async () => {
    const { itemId } = await startedBy('rice');
    await house.advance(owner, itemId);
    await run(itemId, 'captured');
    await run(itemId, 'captured');
    const { rows } = await house.household.query(
      'SELECT stage, event, persona, next_action FROM core.invariant_events WHERE item_id = $1',
      [itemId],
    );
    const nextAction = house.chain.stages[1]?.onBreak;
    expect(rows).toEqual([{ stage: 'captured', event: 'break', persona: 'Basil', next_action: nextAction }]);
    const told = await notices();
    expect(told).toHaveLength(1);
    expect(told[0]).toMatchObject({
      persona: '🧺 Basil',
      kind: 'notice',
      body: expect.stringMatching(/^rice: “captured” is overdue, open since .+\. Next: Answer/),
    });
    expect(await house.advance(owner, itemId)).toMatchObject({ broken: true, status: 'open' });
    expect(await house.item(itemId)).toMatchObject({ next_action: nextAction });
  });

  it('is told after a crash between the two', async () => {
    const { itemId } = await startedBy('rice');
    await house.advance(owner, itemId);
    const { messages, pipelines } = house;
    const down = { ...messages, insertOutbound: () => Promise.reject(new Error('killed')) };
    const deps = { pipelines, evidence: {}, settings: testSettings, now: () => noon };
    const input = { itemId, stage: 'captured', ownerId: owner.ownerId, chain: house.chain };
    const killed = createPipelineActivities({ ...deps, messages: down });
    await expect(runActivity(() => killed.recordBreak(input))).rejects.toThrow('killed');
    await house.say(owner, '1 kg');
    await house.advance(owner, itemId);
    await run(itemId, 'captured');
    expect(await notices()).toHaveLength(1);
  });

  it('is none when the item has left the stage', async () => {
    const { itemId } = await startedBy('milk');
    await house.advance(owner, itemId);
    await run(itemId, 'captured');
    expect(await notices()).toEqual([]);
    expect(await house.advance(owner, itemId)).toMatchObject({ broken: false });
  });

  it('waits for the end of quiet hours', async () => {
    const { itemId } = await startedBy('rice');
    await house.advance(owner, itemId);
    const midnight = () => new Date(Date.UTC(2999, 0, 1));
    const { pipelines, messages } = house;
    const atNight = createPipelineActivities({
      pipelines,
      messages,
      evidence: {},
      settings: testSettings,
      now: midnight,
    });
    const input = { itemId, stage: 'captured', ownerId: owner.ownerId, chain: house.chain };
    await runActivity(() => atNight.recordBreak(input));
    expect(await notices()).toEqual([]);
    const { rows } = await house.core.query(
      "SELECT show_after FROM core.messages WHERE status = 'held' AND owner_id = $1",
      [owner.ownerId],
    );
    expect(rows).toEqual([{ show_after: new Date(Date.UTC(2999, 0, 1, 7)) }]);
  });
});

async function versions(itemId: string): Promise<unknown> {
  const { rows } = await house.household.query('SELECT count(*) FROM core.pipeline_items_history WHERE id = $1', [
    itemId,
  ]);
  return rows[0];
}
