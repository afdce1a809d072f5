import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { createDeliveryStore, type DeliveryStore } from '../../../adapters/store/deliveries.ts';
import { createMessageStore } from '../../../adapters/store/messages.ts';
import type { DeliveryEnd, DeliveryRef } from '../../../contracts/deliveries.ts';
import { deriveId } from '../../../contracts/ids.ts';
import { addChat, makeOwner, openStores, type Stores } from '../../support/stores.ts';

let stores: Stores;
let deliveries: DeliveryStore;

beforeAll(async () => {
  stores = await openStores();
  deliveries = createDeliveryStore(stores.core, createMessageStore(stores.core).releaseHeld);
});
afterAll(() => stores.close());

/** A new owner's account, and two messages on their way to it. */
async function line(): Promise<{ accountId: string; ids: readonly [string, string] }> {
  const { ownerId, conversationId } = await makeOwner(stores.core);
  const accountId = await addChat(stores.core, ownerId, nextChat++);
  const say = async (body: string) => {
    const message = { ownerId, conversationId, butler: 'household', kind: 'notice', persona: null, body } as const;
    const { messageId } = await createMessageStore(stores.core).insertOutbound({ ...message, dedupeKey: randomUUID() });
    return deriveId('delivery', messageId);
  };
  return { accountId, ids: [await say('first'), await say('second')] };
}
let nextChat = 1;

const statusOf = async (id: string) =>
  (await stores.core.query<{ status: string }>('SELECT status FROM core.deliveries WHERE id = $1', [id])).rows[0]
    ?.status;

/** A process that looked for work, and how far it came with it. */
interface Worker {
  ref: DeliveryRef;
  sending: boolean;
  /** Telegram said that nothing was sent. */
  unsent: boolean;
}

const ends: readonly DeliveryEnd[] = [
  { kind: 'shown', messageId: 1, shows: null },
  { kind: 'later', afterMs: 0, detail: '429' },
  { kind: 'refused', detail: '400' },
  { kind: 'unknown', detail: 'cut' },
];
const who = fc.nat(3);
const stepArbitrary = fc.oneof(
  fc.record({ step: fc.constant('look' as const) }),
  fc.record({ step: fc.constant('claim' as const), who }),
  fc.record({ step: fc.constant('send' as const), who }),
  fc.record({ step: fc.constant('report' as const), who, end: fc.constantFrom(...ends) }),
  fc.record({ step: fc.constant('fence' as const), who }),
  fc.record({ step: fc.constant('time passes' as const) }),
);
type Step = typeof stepArbitrary extends fc.Arbitrary<infer S> ? S : never;

async function take(
  step: Step,
  workers: Worker[],
  { accountId, ids }: Awaited<ReturnType<typeof line>>,
): Promise<void> {
  const worker = 'who' in step ? workers.at(-1 - step.who) : undefined;
  if (step.step === 'look') {
    const ref = await deliveries.next(accountId);
    if (ref !== null) workers.push({ ref, sending: false, unsent: false });
  } else if (step.step === 'time passes') {
    await stores.core.query(
      `UPDATE core.deliveries SET lease_until = clock_timestamp() - interval '1 s', retry_at = NULL
       WHERE account_id = $1 AND NOT settled`,
      [accountId],
    );
  } else if (worker === undefined) {
    return;
  } else if (step.step === 'claim') {
    await deliveries.claim(worker.ref, 60_000);
  } else if (step.step === 'fence') {
    await deliveries.fence(worker.ref, 0);
  } else if (step.step === 'send') {
    if (worker.sending || !(await deliveries.startSending(worker.ref))) return;
    worker.sending = true;
    if (worker.ref.deliveryId === ids[1]) expect(['delivered', 'refused', 'unknown']).toContain(await statusOf(ids[0]));
  } else if (step.step === 'report' && worker.sending && !worker.unsent) {
    await deliveries.record(worker.ref, step.end);
    worker.unsent = step.end.kind === 'later' || step.end.kind === 'refused';
  }
}

it('sends nothing twice and nothing out of turn, whatever several processes do in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepArbitrary, { minLength: 8, maxLength: 40 }), async (steps) => {
      const made = await line();
      const workers: Worker[] = [];
      for (const step of steps) await take(step, workers, made);
      for (const id of made.ids) {
        const may = workers.filter(({ ref, sending, unsent }) => ref.deliveryId === id && sending && !unsent);
        expect(may.length).toBeLessThanOrEqual(1);
        if (may.length === 1) expect(['sending', 'delivered', 'unknown', 'refused']).toContain(await statusOf(id));
      }
    }),
    { numRuns: 60 },
  );
});

it('lets the sure word of a late process replace `unknown`, and nothing replace the sure word', async () => {
  const { accountId, ids } = await line();
  const ref = await deliveries.next(accountId);
  if (ref === null) throw new Error('Nothing is due.');
  expect(await deliveries.claim(ref, 60_000)).toBe(true);
  expect(await deliveries.startSending(ref)).toBe(true);
  await deliveries.fence(ref, 0);
  expect(await statusOf(ids[0])).toBe('unknown');
  await deliveries.record(ref, { kind: 'shown', messageId: 9, shows: null });
  expect(await statusOf(ids[0])).toBe('delivered');
  await deliveries.record(ref, { kind: 'unknown', detail: 'cut' });
  await deliveries.fence(ref, 0);
  expect(await statusOf(ids[0])).toBe('delivered');
});
