import type { EvidenceRequest } from '../contracts/api.ts';
import { TemporalUnavailable } from '../contracts/gateway.ts';
import { MoneyError, parseMoney } from '../contracts/money.ts';
import type { ApiDeps, Caller } from './ports.ts';
import { Problem } from './problem.ts';

/** Writes the owner's word on an item's purchase down, then lets the purchase know. Throws problems. */
export async function recordEvidence(
  deps: ApiDeps,
  caller: Pick<Caller, 'ownerId' | 'account'>,
  itemId: string,
  word: EvidenceRequest,
) {
  const record = await deps.board.item(caller.ownerId, itemId);
  if (record === null) throw new Problem('not-found', 'There is no such item.');
  const { purchase } = record;
  if (purchase === null) throw new Problem('not-ordered', 'The item is in no purchase yet.');
  await confirmPurchase(deps, caller, purchase, word);
  return { purchase_id: purchase.id, verdict: word.verdict, status: 'recorded' as const };
}

/** Writes the owner's word on a purchase down, then lets it know. `wordId` as in the port. Throws problems. */
export async function confirmPurchase(
  deps: ApiDeps,
  caller: Pick<Caller, 'ownerId' | 'account'>,
  purchase: { id: string; currency: string },
  word: EvidenceRequest,
  wordId?: string,
): Promise<void> {
  const result = await deps.purchases.confirm({
    purchaseId: purchase.id,
    ownerId: caller.ownerId,
    by: caller.account,
    verdict: word.verdict,
    amountMinor: word.verdict === 'bought' ? minorUnits(word, purchase.currency) : null,
    ...(wordId !== undefined && { wordId }),
  });
  if (result.kind === 'not_ordered') {
    throw new Problem('not-ordered', 'The purchase has not been ordered; there is nothing to confirm.');
  }
  if (result.kind === 'already') {
    const { status, by, at } = result;
    const outcome = { status, by, via: null, at: at?.toISOString() ?? null };
    throw new Problem('already-confirmed', 'Somebody was first; that word stands.', { outcome });
  }
  await nudge(deps, purchase.id);
}

function minorUnits({ amount, currency }: { amount: string; currency?: string | undefined }, expected: string): number {
  const wrong = (field: string, detail: string) =>
    new Problem('validation', `/${field} ${detail}`, { errors: [{ in: 'body', pointer: `/${field}`, detail }] });
  if (currency !== undefined && currency !== expected)
    throw wrong('currency', `must be ${expected}, as the purchase is.`);
  try {
    return parseMoney(amount, expected).minor;
  } catch (error) {
    if (!(error instanceof MoneyError)) throw error;
    throw wrong('amount', error.message);
  }
}

/** The word stands in Postgres already: a purchase that cannot be told now is told in a while. */
async function nudge({ workflows, later }: ApiDeps, purchaseId: string): Promise<void> {
  try {
    await workflows.nudgePurchase(purchaseId);
  } catch (error) {
    if (!(error instanceof TemporalUnavailable)) throw error;
    later('the confirmation of a purchase', () => workflows.nudgePurchase(purchaseId));
  }
}
