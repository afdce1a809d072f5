import { fileURLToPath } from 'node:url';
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { createHouseWorkflows } from '../adapters/house-workflows.ts';
import { createOfflineReader } from '../adapters/offline-reader/index.ts';
import { connectPostgres } from '../adapters/postgres.ts';
import { createGroceriesStore } from '../adapters/store/groceries.ts';
import { createMessageStore } from '../adapters/store/messages.ts';
import { taskQueue } from '../contracts/names.ts';
import { loadRoster } from '../roster/load.ts';
import type { Bare } from './bare/client.ts';
import type { BenchDatabase } from './database.ts';
import { timed } from './timing.ts';

const words = 'sugar';
const butlerName = 'household';

/**
 * Pairs of an item's workflow that is started directly, until its first stage is recorded done, and a bare one-activity
 * workflow: what the first stage costs without the reading of a message before it.
 */
export async function directPairs(
  pairs: number,
  parts: { client: Client; database: BenchDatabase; bare: Bare; urlOf: (role: string) => string },
): Promise<[number, number][]> {
  const { client, database, bare, urlOf } = parts;
  const core = connectPostgres({ url: urlOf('majordomo_core'), env: {} });
  const household = connectPostgres({ url: urlOf('majordomo_household'), env: {} });
  const directory = fileURLToPath(new URL('../roster', import.meta.url));
  const settings = loadRoster({ directory, env: {} }).find(({ name }) => name === butlerName)?.modules.groceries;
  if (settings === undefined) throw new Error('The roster has no groceries.');
  const messages = createMessageStore(core);
  const groceries = createGroceriesStore(household, settings);
  const flows = createHouseWorkflows(client, taskQueue);
  const reader = createOfflineReader();
  const asked = { body: words, openQuestions: [], system: '' };
  const { extraction } = await reader.read(asked, { signal: AbortSignal.timeout(5000), onProgress: () => {} });

  async function direct(): Promise<number> {
    const ownerId = await database.newOwner();
    const from = {
      ownerId,
      butler: butlerName,
      channel: 'api',
      address: 'bench',
      source: 'api',
      sourceId: randomUUID(),
    };
    const { messageId, conversationId } = await messages.insertInbound({ ...from, body: words });
    const input = { messageId, ownerId, conversationId, source: 'api', reader: 'offline', extraction };
    const [item] = (await groceries.capture(input)).result.started;
    if (item === undefined) throw new Error(`"${words}" began nothing.`);
    const [ms] = await timed(() => Promise.all([database.until('staged', item.itemId), flows.startItem(item)]));
    return ms;
  }

  const bareOne = async () => (await bare.activities({ regular: 1, local: 0 })).ms;
  const found: [number, number][] = [];
  try {
    for (let index = 0; index < pairs; index++) {
      if (index % 2 === 0) found.push([await direct(), await bareOne()]);
      else {
        const theirs = await bareOne();
        found.push([await direct(), theirs]);
      }
    }
  } finally {
    await Promise.all([core.close(), household.close()]);
  }
  // The first pair opens connections.
  return found.slice(1);
}
