import type { ApiPurchase } from '../../contracts/api.ts';
import type { HouseClient } from '../house-client.ts';

/** A purchase that waits for the owner's word. */
export interface Waiting {
  purchase: ApiPurchase;
  /** One of its items; the word on it counts for them all. */
  itemId: string;
  names: string[];
}

/** Finds what was ordered, or may have been, and is not confirmed; as the board shows it. */
export async function waitingPurchases(house: HouseClient): Promise<Waiting[]> {
  const boards = await Promise.all((await house.chains()).map(({ name }) => house.board(name)));
  const open = boards
    .flatMap(({ stages }) => stages)
    .flatMap(({ items }) => items)
    .filter(({ status }) => status === 'open');
  const found = new Map<string, Waiting>();
  for (const { item, purchase } of await Promise.all(open.map(({ id }) => house.item(id)))) {
    if (purchase === null || !['ordered', 'unknown'].includes(purchase.status)) continue;
    const known = found.get(purchase.id) ?? { purchase, itemId: item.id, names: [] };
    known.names.push(item.title);
    found.set(purchase.id, known);
  }
  return [...found.values()];
}
