import { randomUUID } from 'node:crypto';
import { createPipelineActivities } from '../../activities/pipelines.ts';
import { groceriesEvidence } from '../../activities/chains/groceries.ts';
import { createOfflineReader } from '../../adapters/offline-reader/index.ts';
import { connectPostgres } from '../../adapters/postgres.ts';
import { createGroceriesStore, groceriesFacts } from '../../adapters/store/groceries.ts';
import { groceriesChain } from '../../adapters/store/groceries/chain.ts';
import { createMessageStore } from '../../adapters/store/messages.ts';
import { createPipelineStore } from '../../adapters/store/pipelines.ts';
import type { GroceriesSettings } from '../../contracts/groceries-settings.ts';
import type { Unit } from '../../contracts/units.ts';
import { runActivity } from './activity.ts';
import { createTestDatabase } from './database.ts';
import { makeOwner, type TestOwner } from './stores.ts';

const regular = (name: string, amount: string, unit: Unit, minor: number) => {
  return { name, quantity: { amount, unit }, price: { minor, currency: 'EUR' } };
};

/** A household without quiet hours at the time of the tests; milk, eggs and butter are regulars. */
export const testSettings: GroceriesSettings = {
  shop: 'the corner shop',
  channel: 'owner',
  currency: 'EUR',
  budgetPerWeek: { minor: 12_000, currency: 'EUR' },
  defaultPrice: { minor: 400, currency: 'EUR' },
  timezone: 'UTC',
  deadlines: { capturedWithinMs: 900_000, boughtWithinMs: 259_200_000 },
  quietHours: { from: '22:00', to: '07:00', timezone: 'UTC' },
  regulars: [regular('milk', '1', 'l', 129), regular('eggs', '10', 'piece', 299), regular('butter', '250', 'g', 249)],
};

/** Noon on a day of the tests, outside quiet hours; midnight is inside. */
export const noon = new Date('2026-11-21T12:00:00Z');

/** The household's stores over a database of the test's own, under the two roles of the worker. */
export async function openGroceries(settings: GroceriesSettings = testSettings, now: () => Date = () => noon) {
  const database = await createTestDatabase();
  const core = connectPostgres({ url: database.urlAs('majordomo_core'), env: {} });
  const household = connectPostgres({ url: database.urlAs('majordomo_household'), env: {} });
  const messages = createMessageStore(core);
  const groceries = createGroceriesStore(household, settings);
  const pipelines = createPipelineStore(household);
  const chain = groceriesChain(settings);
  const evidence = { groceries: groceriesEvidence(groceriesFacts) };
  const activities = createPipelineActivities({ pipelines, messages, evidence, settings, now });
  const reader = createOfflineReader();

  /** Records a message of the owner, as a door does. */
  async function write(owner: TestOwner, body: string, address = 'kitchen') {
    return messages.insertInbound({
      ownerId: owner.ownerId,
      butler: 'household',
      channel: 'api',
      address,
      source: 'api',
      sourceId: randomUUID(),
      body,
    });
  }

  /** What the offline reader makes of a message, ready to be captured. */
  async function understood(owner: TestOwner, body: string, address = 'kitchen') {
    const { messageId, conversationId } = await write(owner, body, address);
    const { ownerId } = owner;
    const openQuestions = await groceries.openQuestions(ownerId, conversationId);
    const options = { signal: new AbortController().signal, onProgress: () => undefined };
    const { extraction } = await reader.read({ body, openQuestions, system: '' }, options);
    return { messageId, ownerId, conversationId, source: 'api', reader: 'offline', extraction };
  }

  return {
    core,
    household,
    messages,
    groceries,
    pipelines,
    activities,
    chain,
    write,
    understood,
    newOwner: () => makeOwner(core),
    /** Writes, reads and captures a message. */
    async say(owner: TestOwner, body: string, address = 'kitchen') {
      const input = await understood(owner, body, address);
      return { input, ...(await groceries.capture(input)) };
    },
    /** The engine's step for one item. */
    advance: (owner: TestOwner, itemId: string) =>
      runActivity(() => activities.advanceItem({ itemId, ownerId: owner.ownerId, chain })),
    /** An item's row, with its need. */
    async item(itemId: string) {
      const { rows } = await household.query<ItemFacts>(
        `SELECT item.status, item.stage, item.stage_state, item.next_action, item.reason, item.merged_into, need.name,
           need.quantity::float8 AS quantity, need.unit, need.base_milli, need.base_unit, need.quantity_origin,
           need.span_text, need.message_id, need.purchase_id
         FROM core.pipeline_items item JOIN household.needs need ON need.id = item.id WHERE item.id = $1`,
        [itemId],
      );
      if (rows[0] === undefined) throw new Error('There is no such item.');
      return rows[0];
    },
    async close(): Promise<void> {
      await Promise.all([core.close(), household.close()]);
      await database.drop();
    },
  };
}

export type Groceries = Awaited<ReturnType<typeof openGroceries>>;

export interface ItemFacts {
  status: string;
  stage: string;
  stage_state: string;
  next_action: string | null;
  reason: string | null;
  merged_into: string | null;
  name: string;
  quantity: number | null;
  unit: string | null;
  base_milli: number | null;
  base_unit: string | null;
  quantity_origin: string | null;
  span_text: string;
  message_id: string;
  purchase_id: string | null;
}
