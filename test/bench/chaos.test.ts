import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSmtpMailer } from '../../adapters/smtp.ts';
import { createLedgerStore, type LedgerStore } from '../../adapters/store/ledger.ts';
import { withFailPoints } from '../../bench/chaos/fail-points.ts';
import { planKills } from '../../bench/chaos/plan.ts';
import { points, targets } from '../../bench/chaos/points.ts';
import { judge } from '../../bench/chaos/verdict.ts';
import { eventually, startHouse } from '../support/house.ts';
import { type SmtpSink, startSmtpSink } from '../support/smtp-sink.ts';

describe('the plan of the kills', () => {
  it('is the same for the same seed, and hits every pair once before any a second time', () => {
    const pairs = targets.length * points.length;
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 100 }), (seed, kills) => {
        const plan = planKills(kills, seed);
        expect(plan).toEqual(planKills(kills, seed));
        expect(plan).toHaveLength(kills);
        for (let at = 0; at < kills; at += pairs) {
          const lap = plan.slice(at, at + pairs).map(({ target, point }) => `${target}/${point}`);
          expect(new Set(lap).size).toBe(lap.length);
        }
      }),
    );
  });

  it('is another for another seed', () => {
    expect(planKills(20, 1)).not.toEqual(planKills(20, 2));
  });
});

describe('the oracle', { timeout: 60_000 }, () => {
  let shop: SmtpSink;
  beforeAll(async () => {
    shop = await startSmtpSink();
  });
  afterAll(() => shop.close());

  /** Buys one thing in a house with this ledger, and asks the oracle what it thinks of it. */
  async function judged(
    change: (ledger: LedgerStore) => LedgerStore,
    { paid = 100, blind = false }: { paid?: number; blind?: boolean } = {},
  ) {
    const from = 'house@home.example';
    const mailer = createSmtpMailer({ host: '127.0.0.1', port: shop.port, secure: 'none', from });
    const house = await startHouse({
      groceries: { channel: 'email', shopEmail: 'orders@shop.example' },
      mail: { mailer, from },
      ledger: (core) => change(createLedgerStore(core)),
    });
    const before = shop.received.length;
    const orders = () => {
      const ids = blind ? [] : shop.received.slice(before).map(({ messageId }) => messageId);
      return new Map(ids.map((id) => [id, ids.filter((other) => other === id).length]));
    };
    try {
      await house.say('get 1 kg flour');
      await house.decide((await house.openGate()).id, 'approve');
      const purchase = await eventually(async () => {
        const [found] = await house.purchases();
        expect(['ordered', 'unknown']).toContain(found?.status);
        return found?.id ?? '';
      });
      await house.confirm(purchase, paid);
      await eventually(async () => {
        expect((await house.items()).every(({ status }) => status === 'done')).toBe(true);
        expect((await house.reservations()).every(({ status }) => status === 'settled')).toBe(true);
      });
      return await judge(house.core, { orders }, [{ id: house.owner.ownerId }]);
    } finally {
      await house.close();
    }
  }

  it('finds nothing in a house that keeps its promises, and sees every point of it', async () => {
    const seen: string[] = [];
    const verdict = await judged((ledger) => withFailPoints(ledger, async (point) => void seen.push(point)));
    expect(verdict).toEqual({ intents: 1, unknown: 0, lost: [], doubled: [], wrong: [] });
    expect(seen).toEqual([...points]);
  });

  it('finds an order that a forgetful ledger sends twice', async () => {
    let forgets = true;
    const { doubled } = await judged((ledger) => ({
      ...ledger,
      async recordReceipt(ref, receipt) {
        if (!forgets) return ledger.recordReceipt(ref, receipt);
        forgets = false;
        throw new Error('The receipt is gone.');
      },
      fence: async () => ({ verdict: 'send_again' }),
      claim: (ref, options) => ledger.claim(ref, { ...options, keyed: true }),
    }));
    expect(doubled).toHaveLength(1);
  });

  it('finds a receipt that was never written', async () => {
    const { lost } = await judged((ledger) => ({ ...ledger, recordReceipt: async (_ref, receipt) => receipt }));
    expect(lost.length).toBeGreaterThan(0);
  });

  it('finds a delivery of which the shop knows nothing', async () => {
    const { lost } = await judged((ledger) => ledger, { blind: true });
    expect(lost).toHaveLength(1);
  });

  it('finds money that is not what the owner said', async () => {
    const { wrong } = await judged((ledger) => ledger, { paid: 99 });
    expect(wrong).toHaveLength(1);
  });
});
