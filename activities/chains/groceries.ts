import type { GroceriesFacts, Purchase, Root } from '../../adapters/store/groceries.ts';
import { moneyToDecimal } from '../../contracts/money.ts';
import type { StageFinding } from '../../contracts/pipelines.ts';
import type { ChainEvidence } from '../pipelines.ts';

const missing = (text: string, claimed = false): StageFinding => ({ holds: false, claimed, missing: text });

function captured(root: Root | null): StageFinding {
  if (root === null) return missing('The need is not recorded.');
  if (root.parts.some((part) => part.quantity === null)) return missing(howMuch(root.name), true);
  if (!root.captured) return missing('The words do not stand in the message where they were read.', true);
  const parts = root.parts.map(({ id, name, quantity, origin, messageId, span }) => {
    return { need_id: id, name, quantity: quantity?.amount, unit: quantity?.unit, origin, message_id: messageId, span };
  });
  return { holds: true, evidence: { parts } };
}

/** Receipt facts of an order: what the channel said, and whose word it is that it was bought. */
function receiptOf(purchase: Purchase): Record<string, unknown> {
  return {
    purchase_id: purchase.id,
    channel: purchase.channel,
    shop: purchase.shop,
    intent_id: purchase.intentId,
    receipt: purchase.receipt,
    currency: purchase.currency,
    amount_minor: purchase.actualMinor,
    amount: moneyToDecimal({ minor: purchase.actualMinor ?? 0, currency: purchase.currency }),
    confirmed_by: purchase.confirmedBy,
    confirmed_at: purchase.confirmedAt?.toISOString() ?? null,
  };
}

function bought(itemId: string, purchase: Purchase | null): StageFinding {
  const line = purchase?.lines.find((each) => each.item_id === itemId);
  if (purchase === null || line === undefined) return missing('It is in no purchase.');
  if (purchase.status === 'bought') return { holds: true, evidence: { ...receiptOf(purchase), line } };
  if (purchase.status === 'ordered')
    return missing('The list went out, and nobody has confirmed that it was bought.', true);
  if (purchase.status === 'unknown') return missing('It is not known whether the order went out.', true);
  return missing('It has not been ordered.');
}

/** The question for an amount that was not said. */
export function howMuch(name: string): string {
  return `How much ${name}? For example: 1 kg ${name}`;
}

/** What proves each stage of the groceries: only rows that were observed, read in the item's own transaction. */
export function groceriesEvidence(facts: GroceriesFacts): ChainEvidence {
  return {
    async need(tx, itemId) {
      const message = await facts.messageOf(tx, itemId);
      if (message === null) return missing('The message that asked for it is not recorded.');
      return { holds: true, evidence: { message_id: message.messageId, received_at: message.at.toISOString() } };
    },
    captured: async (tx, itemId) => captured(await facts.rootOf(tx, itemId)),
    bought: async (tx, itemId) => bought(itemId, await facts.purchaseOf(tx, itemId)),
  };
}
