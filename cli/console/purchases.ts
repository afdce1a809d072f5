import { type HouseClient, parseResponse } from '../../client/index.ts';
import type { ApiPurchase, Board } from '../../contracts/api.ts';

/** A purchase that waits for the owner's word. */
export interface Waiting {
  purchase: ApiPurchase;
  /** One of its items; the word on it counts for them all. */
  itemId: string;
  names: string[];
}

/** The board of every chain. */
export async function boardsOf(house: HouseClient): Promise<Board[]> {
  const { chains } = await parseResponse(house.pipelines.$get());
  return Promise.all(
    chains.map(({ name }) => parseResponse(house.pipelines[':chain'].board.$get({ param: { chain: name } }))),
  );
}

/** Finds what was ordered, or may have been, and is not confirmed; as the board shows it. */
export async function waitingPurchases(house: HouseClient): Promise<Waiting[]> {
  const open = (await boardsOf(house))
    .flatMap(({ stages }) => stages)
    .flatMap(({ items }) => items)
    .filter(({ status }) => status === 'open');
  const found = new Map<string, Waiting>();
  const details = open.map(({ id }) => parseResponse(house.pipelines.items[':id'].$get({ param: { id } })));
  for (const { item, purchase } of await Promise.all(details)) {
    if (purchase === null || !['ordered', 'unknown'].includes(purchase.status)) continue;
    const known = found.get(purchase.id) ?? { purchase, itemId: item.id, names: [] };
    known.names.push(item.title);
    found.set(purchase.id, known);
  }
  return [...found.values()];
}
