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
  at: 'looked' | 'claimed' | 'sending' | 'sent' | 'certainly not sent' | 'gave up';
}

const ends: readonly DeliveryEnd[] = [
  { kind: 'shown', messageId: 1, shows: null },
  { kind: 'later', afterMs: 0, detail: '429' },
  { kind: 'refused', detail: '400' },
  { kind: 'unknown', detail: 'cut' },
];
/** Counted from the one that looked last. */
const who = fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(2) });
const stepArbitrary = fc.oneof(
  { weight: 3, arbitrary: fc.record({ step: fc.constant('look' as const) }) },
  { weight: 8, arbitrary: fc.record({ step: fc.constant('go on' as const), who, end: fc.constantFrom(...ends) }) },
  { weight: 1, arbitrary: fc.record({ step: fc.constant('is fenced' as const), who }) },
  { weight: 2, arbitrary: fc.record({ step: fc.constant('time passes' as const) }) },
);
type Step = typeof stepArbitrary extends fc.Arbitrary<infer S> ? S : never;

/** What a worker does next; a process that was frozen does it late. */
async function goOn(worker: Worker, end: DeliveryEnd): Promise<void> {
  if (worker.at === 'looked') {
    await deliveries.claim(worker.ref, 60_000);
    worker.at = 'claimed';
  } else if (worker.at === 'claimed') {
    worker.at = (await deliveries.startSending(worker.ref)) ? 'sending' : 'gave up';
  } else if (worker.at === 'sending') {
    await deliveries.record(worker.ref, end);
    worker.at = end.kind === 'later' || end.kind === 'refused' ? 'certainly not sent' : 'sent';
  }
}

async function take(step: Step, workers: Worker[], accountId: string): Promise<void> {
  const worker = 'who' in step ? workers.at(-1 - step.who) : undefined;
  if (step.step === 'look') {
    const ref = await deliveries.next(accountId);
    if (ref !== null) workers.push({ ref, at: 'looked' });
  } else if (step.step === 'time passes') {
    await stores.core.query(
      `UPDATE core.deliveries SET lease_until = clock_timestamp() - interval '1 s', retry_at = NULL
       WHERE account_id = $1 AND NOT settled`,
      [accountId],
    );
  } else if (worker !== undefined) {
    await (step.step === 'go on' ? goOn(worker, step.end) : deliveries.fence(worker.ref, 0));
  }
}

const settled = ['delivered', 'refused', 'unknown'];

it('sends nothing twice and nothing out of turn, whatever several processes do in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepArbitrary, { minLength: 25, maxLength: 40, size: 'max' }), async (steps) => {
      const { accountId, ids } = await line();
      const workers: Worker[] = [];
      const sendsOf = (id: string) =>
        workers.filter(({ ref, at }) => ref.deliveryId === id && (at === 'sending' || at === 'sent')).length;
      for (const step of steps) {
        const before = sendsOf(ids[1]);
        await take(step, workers, accountId);
        const overtaken = sendsOf(ids[1]) > before && !settled.includes((await statusOf(ids[0])) ?? '');
        expect({ overtaken, sends: ids.map((id) => sendsOf(id) > 1) }).toEqual({
          overtaken: false,
          sends: [false, false],
        });
      }
    }),
    { numRuns: 50 },
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
