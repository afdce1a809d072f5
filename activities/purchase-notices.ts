import type { Purchase } from '../adapters/store/groceries/purchases.ts';
import type { MessageStore } from '../adapters/store/messages.ts';
import type { PurchaseEnd } from '../contracts/activities.ts';
import { visible } from '../contracts/card.ts';
import type { Receipt } from '../contracts/effects.ts';
import type { GroceriesSettings } from '../contracts/groceries-settings.ts';
import { formatMoney } from '../contracts/money.ts';
import { quietUntil } from '../contracts/quiet-hours.ts';

const again = 'The items stay on the list: write “buy it now” to be asked again, or that they are not needed any more.';

const ends: Record<PurchaseEnd, string | null> = {
  rejected: `You said no, so nothing was bought. ${again}`,
  expired: `The time for a yes is over, so nothing was bought. ${again}`,
  over_budget: `This week's budget does not hold it, so nothing was asked and nothing bought. Raise budget_per_week in butler.toml, or wait for Monday. ${again}`,
  failed: `The order could not be sent, and certainly nothing left the house. ${again}`,
  cancelled: null,
};

/** What the owner is told about a purchase, once for each thing that happened to it. */
export function purchaseNotices(deps: {
  messages: MessageStore;
  settings: GroceriesSettings;
  persona: { name: string; emoji: string };
  now: () => Date;
}) {
  const { messages, settings, persona } = deps;

  async function say(purchase: Purchase, what: string, text: string): Promise<void> {
    const names = purchase.lines.map((line) => visible(line.name)).join(', ');
    await messages.insertOutbound({
      ownerId: purchase.ownerId,
      conversationId: purchase.conversationId,
      butler: 'household',
      kind: 'notice',
      persona: `${persona.emoji} ${persona.name}`,
      body: `${names}: ${text}`,
      dedupeKey: `purchase:${purchase.id}:${what}`,
      showAfter: quietUntil(deps.now(), settings.quietHours),
    });
  }

  return {
    /** The list of the owner's own shopping is said by its channel; an e-mail, and what nobody knows, is said here. */
    async ordered(purchase: Purchase, receipt: Receipt): Promise<void> {
      if (receipt.outcome === 'unknown') {
        await say(
          purchase,
          'unknown',
          'it is not known whether the order went out; it will not be sent again. Ask the shop, then confirm it as bought (with the amount) or as not bought.',
        );
      } else if (receipt.outcome === 'delivered' && purchase.channel === 'email') {
        const shop = visible(purchase.shop);
        await say(
          purchase,
          'ordered',
          `${shop} has taken the order (${receipt.providerId}). Confirm it with the amount, or as not bought.`,
        );
      }
    },

    async abandoned(purchase: Purchase, reason: PurchaseEnd): Promise<void> {
      const text = ends[reason];
      if (text !== null && purchase.lines.length > 0) {
        await say(purchase, reason, text);
      }
    },

    async notBought(purchase: Purchase): Promise<void> {
      await say(purchase, 'not_bought', `not bought. ${again}`);
    },

    async settled(purchase: Purchase, overMinor: number): Promise<void> {
      const money = (minor: number): string => formatMoney({ minor, currency: purchase.currency });
      const over = overMinor > 0 ? ` That is ${money(overMinor)} over this week's budget.` : '';
      await say(purchase, 'bought', `bought for ${money(purchase.actualMinor ?? purchase.estimateMinor)}.${over}`);
    },
  };
}
