import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { workflowIds } from '../../contracts/names.ts';
import { eventually, startHouse, type TestHouse } from '../support/house.ts';

const story = "we're out of milk and eggs, and get 2 kg flour";

describe('the story, shopped by the owner', () => {
  let house: TestHouse;
  beforeAll(async () => {
    house = await startHouse();
  });
  afterAll(() => house.close());

  it('goes from need to bought', async () => {
    await house.say(story);
    const gate = await house.openGate();
    const items = await house.items();
    expect(items.map(({ title }) => title).toSorted()).toEqual(['eggs', 'flour', 'milk']);
    await eventually(async () => {
      expect((await house.items()).map(({ stage, stage_state }) => `${stage} ${stage_state}`)).toEqual([
        'bought open',
        'bought open',
        'bought open',
      ]);
    });
    const card = await house.said('card');
    expect(card).toContain('• flour — 2 kg — €1.98');
    expect(card).toContain('Amount: about €6.26');
    expect(card).toContain('Budget left this week after it: €113.74');

    expect(await house.decide(gate.id, 'approve')).toMatchObject({ status: 'approved', first: true });
    await eventually(async () => {
      expect((await house.items()).map(({ stage_state }) => stage_state)).toEqual(['claimed', 'claimed', 'claimed']);
    });
    const [list] = (await house.heard()).filter(({ kind }) => kind === 'list');
    expect(list?.body).toContain('☐ flour — 2 kg');

    const [purchase] = await house.purchases();
    expect(purchase?.status).toBe('ordered');
    await house.confirm(purchase?.id ?? '', 812);
    await eventually(async () => {
      expect((await house.items()).map(({ status }) => status)).toEqual(['done', 'done', 'done']);
    });
    await house.client.workflow.getHandle(workflowIds.purchase(purchase?.id ?? '')).result();
    expect(await house.reservations()).toEqual([{ status: 'settled', amount_minor: 626, settled_minor: 812 }]);
    expect((await house.approvals.get(gate.id))?.status).toBe('executed');
  });
});
