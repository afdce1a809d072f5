import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createSmtpMailer } from '../../adapters/smtp.ts';
import { workflowIds } from '../../contracts/names.ts';
import { eventually, startHouse, type TestHouse, type TestHouseOptions } from '../support/house.ts';
import { startSmtpSink } from '../support/smtp-sink.ts';

let house: TestHouse;
afterEach(() => house.close());

const purchaseNumber = (index: number, status: string) =>
  eventually(async () => {
    const purchase = (await house.purchases())[index];
    expect(purchase?.status).toBe(status);
    if (purchase === undefined) {
      throw new Error('There is no such purchase.');
    }
    return purchase;
  });

describe('before the decision', () => {
  it('asks again with the sum when the same thing is needed once more', async () => {
    house = await startHouse();
    await house.say('2 kg flour');
    const first = await house.openGate();
    await house.say('500 g flour and 3 l milk');
    const second = await eventually(async () => {
      const gate = await house.openGate();
      expect(gate.id).not.toBe(first.id);
      return gate;
    });
    expect((await house.approvals.get(first.id))?.status).toBe('cancelled');
    expect(second.action.args['lines']).toMatchObject([
      { name: 'flour', quantity: '2.5', unit: 'kg', parts: 2 },
      { name: 'milk', quantity: '3', unit: 'l' },
    ]);
    expect((await house.reservations()).map(({ status }) => status).toSorted()).toEqual(['released', 'reserved']);
    expect((await house.items()).map(({ status }) => status).toSorted()).toEqual(['merged', 'open', 'open']);
    const { rows } = await house.core.query(
      'SELECT items_in, by_stage, merged, waived, cancelled FROM core.pipeline_sums',
    );
    expect(rows).toEqual([{ items_in: 3, by_stage: 2, merged: 1, waived: 0, cancelled: 0 }]);
  });

  it('ends when nothing is needed any more', async () => {
    house = await startHouse();
    await house.say('2 kg flour');
    const gate = await house.openGate();
    await house.say("we don't need flour any more");
    await purchaseNumber(0, 'cancelled');
    expect((await house.approvals.get(gate.id))?.status).toBe('cancelled');
    await eventually(async () => {
      expect(await house.reservations()).toMatchObject([{ status: 'released' }]);
    });
    expect((await house.items()).map(({ status }) => status)).toEqual(['cancelled']);
  });

  it('asks nothing when the budget does not hold it', async () => {
    house = await startHouse({ groceries: { budgetPerWeek: { minor: 100, currency: 'EUR' } } });
    await house.say('2 kg flour');
    await purchaseNumber(0, 'over_budget');
    await eventually(async () => expect(await house.said('notice')).toContain("This week's budget does not hold it"));
    expect(await house.said('card')).toBe('');
    expect(await house.reservations()).toEqual([]);
    expect(await house.items()).toMatchObject([{ status: 'open', stage: 'bought' }]);
  });

  it('gives the items back after a no, and asks again when told to', async () => {
    house = await startHouse();
    await house.say('2 kg flour');
    await house.decide((await house.openGate()).id, 'reject');
    await purchaseNumber(0, 'rejected');
    await eventually(async () => expect(await house.reservations()).toMatchObject([{ status: 'released' }]));
    await house.say('buy it now');
    const again = await house.openGate();
    expect(again.action.args['lines']).toMatchObject([{ name: 'flour' }]);
  });
});

describe('what was ordered', () => {
  it('may turn out not to have been bought', async () => {
    house = await startHouse();
    await house.say('2 kg flour');
    await house.decide((await house.openGate()).id, 'approve');
    const purchase = await purchaseNumber(0, 'ordered');
    await house.confirm(purchase.id, null);
    await house.client.workflow.getHandle(workflowIds.purchase(purchase.id)).result();
    expect(await house.reservations()).toMatchObject([{ status: 'released' }]);
    expect(await house.items()).toMatchObject([{ status: 'open', stage: 'bought', stage_state: 'open' }]);
    expect(await house.confirm(purchase.id, 500)).toMatchObject({ kind: 'already' });
  });

  it('leaves what is needed afterwards to the next purchase', async () => {
    house = await startHouse();
    await house.say('2 kg flour');
    await house.decide((await house.openGate()).id, 'approve');
    await purchaseNumber(0, 'ordered');
    await house.say('1 kg flour');
    const next = await house.openGate();
    expect(next.action.args['lines']).toMatchObject([{ name: 'flour', quantity: '1', unit: 'kg', parts: 1 }]);
  });
});

describe('by e-mail', () => {
  let sink: Awaited<ReturnType<typeof startSmtpSink>>;
  beforeAll(async () => {
    sink = await startSmtpSink({});
  });
  afterAll(() => sink.close());

  const shop = (timeoutMs = 5_000): TestHouseOptions => ({
    groceries: { channel: 'email', shopEmail: 'orders@shop.example' },
    mail: {
      mailer: createSmtpMailer(
        { host: '127.0.0.1', port: sink.port, secure: 'none', from: 'house@home.example' },
        { timeouts: { connection: 5_000, greeting: 5_000, socket: timeoutMs } },
      ),
      from: 'house@home.example',
    },
  });
  const orders = (purchaseId: string) => sink.received.filter(({ raw }) => raw.includes(purchaseId));

  it('is sent once, with a Message-ID of the purchase, and waits for a word', async () => {
    house = await startHouse(shop());
    await house.say('2 kg flour');
    await house.decide((await house.openGate()).id, 'approve');
    const purchase = await purchaseNumber(0, 'ordered');
    expect(orders(purchase.id)).toHaveLength(1);
    const { rows } = await house.core.query('SELECT status, provider_id FROM core.receipts');
    expect(rows).toEqual([{ status: 'delivered', provider_id: `<${purchase.id}.order@home.example>` }]);
    await eventually(async () => expect(await house.said('notice')).toContain('has taken the order'));
    await house.confirm(purchase.id, 250);
    await eventually(async () => expect(await house.items()).toMatchObject([{ status: 'done' }]));
  });

  it('is unknown when the server goes silent after the content, is not sent again, and the owner resolves it', async () => {
    house = await startHouse(shop(1_000));
    await house.say('2 kg flour');
    const gate = await house.openGate();
    sink.behave('hang-content');
    await house.decide(gate.id, 'approve');
    const purchase = await purchaseNumber(0, 'unknown');
    sink.behave('accept');
    await eventually(async () =>
      expect(await house.said('notice')).toContain('it is not known whether the order went out'),
    );
    expect((await house.approvals.get(gate.id))?.status).toBe('unknown');
    await eventually(async () =>
      expect(await house.items()).toMatchObject([{ stage: 'bought', stage_state: 'claimed' }]),
    );
    expect(await house.reservations()).toMatchObject([{ status: 'reserved' }]);
    await house.confirm(purchase.id, 250);
    await eventually(async () => expect(await house.items()).toMatchObject([{ status: 'done' }]));
    const { rows } = await house.core.query('SELECT number FROM core.attempts');
    expect(rows).toEqual([{ number: 1 }]);
    expect((await house.approvals.get(gate.id))?.status).toBe('executed');
  });

  it('is tried again after it was certainly not sent', async () => {
    house = await startHouse(shop());
    await house.say('2 kg flour');
    const gate = await house.openGate();
    sink.behave('defer-recipient');
    await house.decide(gate.id, 'approve');
    await eventually(async () => {
      const { rows } = await house.core.query('SELECT status FROM core.receipts');
      expect(rows).toEqual([{ status: 'refused' }]);
    });
    sink.behave('accept');
    const purchase = await purchaseNumber(0, 'ordered');
    expect(orders(purchase.id)).toHaveLength(1);
  });

  it('fails plainly when the shop refuses, and gives items and money back', async () => {
    house = await startHouse(shop());
    await house.say('2 kg flour');
    const gate = await house.openGate();
    sink.behave('refuse-recipient');
    await house.decide(gate.id, 'approve');
    await purchaseNumber(0, 'failed');
    sink.behave('accept');
    await eventually(async () => expect(await house.said('notice')).toContain('certainly nothing left the house'));
    await eventually(async () => expect(await house.reservations()).toMatchObject([{ status: 'released' }]));
    expect((await house.approvals.get(gate.id))?.status).toBe('failed');
  });
});
