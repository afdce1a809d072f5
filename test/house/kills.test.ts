import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { shopSettings } from '../../cli/demo/shop.ts';
import { eventually } from '../support/house.ts';
import { type Part, parts, runHouse, type RunningHouse } from '../support/running-house.ts';
import { startSmtpSink } from '../support/smtp-sink.ts';

/** The shop: never killed, so it is the oracle of what left the house. */
let shop: Awaited<ReturnType<typeof startSmtpSink>>;
let house: RunningHouse;

beforeAll(async () => {
  shop = await startSmtpSink({});
  house = await runHouse(shopSettings(shop.port));
}, 60_000);
afterAll(async () => {
  await house.stop();
  await shop.close();
}, 30_000);

interface Waiting {
  approvals: Array<{ id: string }>;
}
interface Purchase {
  id: string;
  status: string;
  intent: string | null;
}

const patience = 90_000;
const gate = () =>
  eventually(async () => {
    const { approvals } = await house.call<Waiting>('/approvals?status=pending');
    expect(approvals).toHaveLength(1);
    return approvals[0]?.id ?? '';
  }, patience);
const rows = async <Row extends object>(sql: string, params: unknown[]): Promise<Row[]> =>
  (await house.core.query<Row>(sql, params)).rows;

/** What the ledger and the budget say of the purchase behind an approval. */
async function purchaseBehind(approvalId: string): Promise<Purchase & { receipts: string[]; reservations: object[] }> {
  const [intent] = await rows<{ id: string; entity_id: string; status: string }>(
    'SELECT id, entity_id, status FROM core.intents WHERE approval_id = $1',
    [approvalId],
  );
  const receipts = await rows<{ status: string }>('SELECT status FROM core.receipts WHERE intent_id = $1', [
    intent?.id,
  ]);
  const reservations = await rows('SELECT status, settled_minor FROM core.budget_reservations WHERE workflow_id = $1', [
    `purchase-${intent?.entity_id}`,
  ]);
  return {
    id: intent?.entity_id ?? '',
    status: intent?.status ?? 'none',
    intent: intent?.id ?? null,
    receipts: receipts.map(({ status }) => status),
    reservations,
  };
}

/** The supervisor, alone and with everything; what it starts again is killed by `npm run chaos`. */
describe.sequential('killed between the yes and the receipt', () => {
  const targets: Part[][] = [['supervisor'], [...parts]];
  const things = ['flour', 'sugar'];

  it.each(targets.map((target, index) => [target.join(' and '), target, things[index] ?? '']))(
    '%s: exactly one purchase, one receipt, the budget right',
    async (_name, target, thing) => {
      await eventually(() => house.call('/messages', { text: `get 1 kg ${thing}`, source_id: randomUUID() }), patience);
      const approvalId = await gate();
      shop.behave('hang-content');
      const before = shop.received.length;
      await house.call(`/approvals/${approvalId}/decide`, { verdict: 'approve' });
      await eventually(async () => expect(shop.received.length).toBe(before + 1), patience);

      await house.kill(target);
      shop.behave('accept');

      const purchase = await eventually(async () => {
        const found = await purchaseBehind(approvalId);
        expect(['delivered', 'unknown']).toContain(found.status);
        return found;
      }, patience);
      const [item] = await rows<{ id: string }>(`SELECT id FROM core.pipeline_items WHERE title = $1`, [thing]);
      await eventually(
        () =>
          house.call(`/pipelines/items/${item?.id}/evidence`, { stage: 'bought', verdict: 'bought', amount: '3.21' }),
        patience,
      );
      await eventually(async () => {
        const [state] = await rows(`SELECT status, stage FROM core.pipeline_items WHERE id = $1`, [item?.id]);
        expect(state).toEqual({ status: 'done', stage: 'bought' });
        expect(await purchaseBehind(approvalId)).toMatchObject({
          status: 'delivered',
          receipts: ['delivered'],
          reservations: [{ status: 'settled', settled_minor: 321 }],
        });
      }, patience);
      expect(shop.received.filter(({ raw }) => raw.includes(purchase.id))).toHaveLength(1);
    },
    180_000,
  );
});
