import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectPostgres, type Postgres } from '../../../adapters/postgres.ts';
import { createEventStore, type Position } from '../../../adapters/store/events.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { insertItem, insertOwner, insertRow } from '../../support/rows.ts';

let database: TestDatabase;
let core: Postgres;
let events: ReturnType<typeof createEventStore>;

beforeAll(async () => {
  database = await createTestDatabase();
  core = connectPostgres({ url: database.urlAs('majordomo_core'), env: {}, max: 12 });
  events = createEventStore(core);
});
afterAll(async () => {
  await core.close();
  await database.drop();
});

const entered = (on: Pick<Postgres, 'query'>, item: string, dedupe: string) =>
  insertRow(on, 'core.stage_events', { butler: 'household', item_id: item, stage: dedupe, event: 'entered' });
const broken = (on: Pick<Postgres, 'query'>, item: string, stage: string) =>
  insertRow(on, 'core.invariant_events', {
    butler: 'household',
    item_id: item,
    stage,
    event: 'break',
    persona: 'p',
    reason: 'r',
    next_action: 'n',
  });
const start: Position = { system: '1', xact: '0', kind: 0, seq: 0 };

async function newItem(): Promise<{ ownerId: string; item: string }> {
  const { ownerId } = await insertOwner(core);
  return { ownerId, item: await insertItem(core, ownerId, 'household') };
}

describe('events', () => {
  it('wait for the transactions that began before them', async () => {
    const { ownerId, item } = await newItem();
    const read = (after: Position) => events.board({ ownerId, chain: 'groceries', after, limit: 10 });
    const stages = async (after: Position) => (await read(after)).events.map(({ event }) => event.stage);
    let open: (() => void) | undefined;
    let begun: (() => void) | undefined;
    const held = new Promise<void>((resolve) => (open = resolve));
    const inside = new Promise<void>((resolve) => (begun = resolve));
    const slow = core.transaction(async (tx) => {
      await entered(tx, item, 'slow');
      begun?.();
      await held;
    });
    await inside;
    await entered(core, item, 'quick');
    const early = await read(start);
    expect(early.events).toEqual([]);
    open?.();
    await slow;
    await expect.poll(() => stages(early.next)).toEqual(['slow', 'quick']);
    expect(await stages(start)).toEqual(['slow', 'quick']);
  });

  it('are seen by every reader once and in one order, whatever commits when and wherever he resumes', async () => {
    // Each writer: how many events, and milliseconds that it stays open after each.
    const writers = fc.array(fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 4 }), {
      minLength: 2,
      maxLength: 9,
    });
    const resumes = fc.array(fc.record({ limit: fc.integer({ min: 1, max: 5 }), back: fc.nat({ max: 4 }) }), {
      minLength: 1,
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(writers, resumes, async (plans, steps) => {
        const { ownerId, item } = await newItem();
        const { item: foreign } = await newItem();
        const written = plans.map((pauses, writer) =>
          core.transaction(async (tx) => {
            for (const [index, pause] of pauses.entries()) {
              await entered(tx, foreign, `${writer}.${index}`);
              await (index % 2 === 0 ? entered : broken)(tx, item, `${writer}.${index}`);
              await tx.query('SELECT pg_sleep($1)', [pause / 1000]);
            }
          }),
        );
        const read = (after: Position, limit: number) => events.board({ ownerId, chain: 'groceries', after, limit });
        const all = plans.reduce((sum, pauses) => sum + pauses.length, 0);
        const seen: Array<{ stage: string; at: Position }> = [];
        let after = start;
        for (let round = 0; seen.length < all; round += 1) {
          const { limit, back } = steps[round % steps.length] ?? { limit: 1, back: 0 };
          const page = await read(after, limit);
          seen.push(...page.events.map(({ event, at }) => ({ stage: event.stage, at })));
          after = page.next;
          // Cut off: it comes back with the id of an event that it has seen, and gets what it got before.
          const from = seen.at(-1 - back);
          if (back === 0 || from === undefined) continue;
          const again = await read(from.at, back);
          const had = seen.slice(seen.length - back).map(({ stage }) => stage);
          expect(again.events.map(({ event }) => event.stage)).toEqual(had);
        }
        await Promise.all(written);
        const expected = plans.flatMap((pauses, writer) => pauses.map((_, index) => `${writer}.${index}`));
        const stages = seen.map(({ stage }) => stage);
        expect([...stages].sort()).toEqual(expected.sort());
        const whole = await read(start, 200);
        expect(whole.events.map(({ event }) => event.stage)).toEqual(stages);
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it('are those of one owner and one chain', async () => {
    const { ownerId, item } = await newItem();
    const other = await newItem();
    await entered(core, item, 'mine');
    await entered(core, other.item, 'not mine');
    const read = (chain: string) => events.board({ ownerId, chain, after: start, limit: 10 });
    await expect.poll(async () => (await read('groceries')).events.length).toBe(1);
    expect((await read('laundry')).events).toEqual([]);
  });
});
