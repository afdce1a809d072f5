import type { GroceriesSettings } from '../../contracts/groceries-settings.ts';
import type { Postgres } from '../postgres.ts';
import { capture, type CaptureInput, readCapture } from './groceries/capture.ts';
import { awaiting, close, confirm, type Confirmation, type Ending } from './groceries/ending.ts';
import { openQuestionsOf } from './groceries/needs.ts';
import { type Asked, markAsked, type OrderEnd, recordOrdered, startOrdering } from './groceries/ordering.ts';
import { plan, planChanged } from './groceries/plan.ts';
import { openPurchase, readPurchase } from './groceries/purchases.ts';
import { lockOwner } from './groceries/roots.ts';

export type { Captured, CaptureReport, Noted } from './groceries/report.ts';
export type { Purchase } from './groceries/purchases.ts';
export { groceriesFacts, type GroceriesFacts } from './groceries/facts.ts';
export type { Root } from './groceries/roots.ts';

/**
 * Needs and purchases of the household; for its role. Each function is one transaction under the owner's lock, and a
 * repeat of it changes nothing and answers the same.
 */
export function createGroceriesStore(db: Postgres, settings: GroceriesSettings) {
  return {
    /** Turns what was read of a message into items. */
    capture: (input: CaptureInput) => db.transaction((tx) => capture(tx, settings, input)),
    /** What was made of a message; null before its capture. */
    readCapture: (messageId: string) => readCapture(db, messageId),
    /** The things of a conversation whose amount the owner has not said yet. */
    async openQuestions(ownerId: string, conversationId: string): Promise<{ name: string }[]> {
      const all = await openQuestionsOf(db, ownerId);
      return all.filter((question) => question.conversationId === conversationId).map(({ name }) => ({ name }));
    },

    /** The owner's undecided purchase, or a new one whose id comes from the seed. */
    openPurchase: (wanted: { ownerId: string; conversationId: string; seed: string }) =>
      db.transaction(async (tx) => {
        await lockOwner(tx, wanted.ownerId);
        return openPurchase(tx, settings, wanted);
      }),
    getPurchase: (purchaseId: string) => readPurchase(db, purchaseId),
    /** Gathers what is ready and fixes the lines of a round; null when there is no such purchase. */
    plan: (purchaseId: string, after = 0) => db.transaction((tx) => plan(tx, settings, purchaseId, after)),
    /** Whether planning now would make another list than the current round's. */
    planChanged: (purchaseId: string) => db.transaction((tx) => planChanged(tx, settings, purchaseId)),
    /** Notes that the owner was asked about a round; false when the purchase is elsewhere. */
    markAsked: (purchaseId: string, round: number, asked: Asked) =>
      db.transaction((tx) => markAsked(tx, purchaseId, round, asked)),
    /** Fixes the list after the owner's yes, and opens a purchase for what is left out. */
    startOrdering: (purchaseId: string, round: number, asApproved = false) =>
      db.transaction((tx) => startOrdering(tx, settings, purchaseId, { round, asApproved })),
    /** How the sending ended; answers the items to look at again. */
    recordOrdered: (purchaseId: string, end: OrderEnd) => db.transaction((tx) => recordOrdered(tx, purchaseId, end)),
    /** Takes somebody's word for an order that went out: the first one counts. */
    confirm: (word: Confirmation) => db.transaction((tx) => confirm(tx, word)),
    /** The purchases that a word without a purchase may be about. */
    awaiting: (word: { ownerId: string; wordId: string }) => awaiting(db, word),
    /** Ends a purchase without its items being bought and gives them back; answers the items to look at again. */
    close: (purchaseId: string, ending: Ending) => db.transaction((tx) => close(tx, purchaseId, ending, null)),
    /** The same by the owner's word or for want of it; what he was not asked about yet gets a purchase of its own. */
    closeAndGoOn: (purchaseId: string, ending: Ending) =>
      db.transaction((tx) => close(tx, purchaseId, ending, settings)),
  };
}

export type GroceriesStore = ReturnType<typeof createGroceriesStore>;
