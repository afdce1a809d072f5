import { condition, continueAsNew, setCurrentDetails, setHandler, workflowInfo } from '@temporalio/workflow';
import type { OrderStart, PurchaseEnd } from '../contracts/activities.ts';
import type { ApprovalStatus } from '../contracts/approvals.ts';
import { nudgeSignal } from '../contracts/messages.ts';
import { workflowIds } from '../contracts/names.ts';
import { durable, local } from './activities.ts';
import { show } from './attributes.ts';
import { beginGate, beginPurchase, nudge, type PurchaseInput } from './begin.ts';
import { carryOut } from './effect.ts';
import { mustBe } from './guards.ts';

/** How asking the owner ended. */
type Answer = 'approved' | PurchaseEnd;

/**
 * One purchase: plan → reserve → ask → order → confirm → settle. All truth is in Postgres under the purchase's id, so
 * a run that starts over (reset, restart) finds what the one before it did, and a nudge only says: look again.
 */
export async function purchase(input: PurchaseInput): Promise<void> {
  mustBe(workflowIds.purchase, input?.purchaseId);
  const { purchaseId, ownerId } = input;
  const nudges = new Nudges(input);
  setHandler(nudgeSignal, () => nudges.arrived());

  const order = await approvedOrder(purchaseId, nudges);
  if (typeof order === 'string') {
    await end(input, order);
    return;
  }
  if (order.leftoverPurchaseId !== null) {
    await beginPurchase({ purchaseId: order.leftoverPurchaseId, ownerId });
  }
  status('ordering', 'Approved; the order is on its way.');
  const receipt = await carryOut(order.intentId);
  const { changed } = await durable.recordOrder({ purchaseId, intentId: order.intentId, receipt });
  await Promise.all(changed.map(nudge));
  if (receipt.outcome === 'refused' || receipt.outcome === 'expired') {
    await end(input, receipt.outcome === 'expired' ? 'expired' : 'failed');
    return;
  }
  status('ordered', `The order's receipt says ${receipt.outcome}; waits for the owner or the shop to confirm it.`);
  await nudges.until(async () => (await local.readPurchase({ purchaseId })).settled);
  const settled = await durable.settlePurchase({ purchaseId });
  await Promise.all(settled.changed.map(nudge));
  status('settled', 'Confirmed and settled.');
}

/** The order that the owner approved, as it stands: a list that changed after the yes is asked about again. */
async function approvedOrder(
  purchaseId: string,
  nudges: Nudges,
): Promise<Extract<OrderStart, { kind: 'opened' }> | PurchaseEnd> {
  for (let after = 0; ; ) {
    const { answer, round } = await ask(purchaseId, after, nudges);
    if (answer !== 'approved') {
      return answer;
    }
    const order = await durable.openOrder({ purchaseId });
    if (order.kind === 'opened') {
      return order;
    }
    if (order.kind === 'not_approved') {
      return 'cancelled';
    }
    after = round;
  }
}

/** Plans, reserves and asks, again for each change of the items, until the owner or the time has answered. */
async function ask(
  purchaseId: string,
  changedRound: number,
  nudges: Nudges,
): Promise<{ answer: Answer; round: number }> {
  for (let after = changedRound; ; ) {
    const plan = await local.planPurchase({ purchaseId, after });
    if (plan.kind === 'empty') {
      return { answer: 'cancelled', round: after };
    }
    const { round } = plan;
    await Promise.all(plan.changed.map(nudge));
    if (plan.kind === 'decided') {
      return { answer: 'approved', round };
    }
    const { reserved } = await durable.reserveBudget({ purchaseId });
    if (!reserved) {
      return { answer: 'over_budget', round };
    }
    const gate = await durable.requestApproval({ purchaseId });
    await beginGate(gate);
    status('asked', `Round ${round} waits for the owner.`);
    const answer = await answered(purchaseId, gate.approvalId, nudges);
    if (answer !== 'changed') {
      return { answer, round };
    }
    after = round;
  }
}

/**
 * Waits for the gate to close. Items that change meanwhile withdraw it in Postgres, unless somebody decides first, so
 * that the owner is asked about what is true; the gate itself is only told to look.
 */
async function answered(purchaseId: string, approvalId: string, nudges: Nudges): Promise<Answer | 'changed'> {
  let answer: Answer | 'changed' = 'cancelled';
  await nudges.until(async () => {
    const { status: known } = await local.readGate({ approvalId });
    if (known !== 'pending') {
      answer = answerOf(known);
      return true;
    }
    if (!(await local.planChanged({ purchaseId }))) {
      return false;
    }
    const withdrawn = await durable.withdrawApproval({ approvalId });
    await nudge(workflowIds.approval(approvalId));
    answer = withdrawn.status === 'cancelled' ? 'changed' : answerOf(withdrawn.status);
    return true;
  });
  return answer;
}

/** What a gate that is closed says; whatever its effect has become since, the owner had said yes. */
function answerOf(closed: ApprovalStatus): Answer {
  return closed === 'rejected' || closed === 'expired' || closed === 'cancelled' ? closed : 'approved';
}

async function end({ purchaseId, ownerId }: PurchaseInput, reason: PurchaseEnd): Promise<void> {
  const { changed, leftoverPurchaseId } = await durable.abandonPurchase({ purchaseId, reason });
  await Promise.all(changed.map(nudge));
  if (leftoverPurchaseId !== null) {
    await beginPurchase({ purchaseId: leftoverPurchaseId, ownerId });
  }
  status(reason, `Ended: ${reason}.`);
}

function status(stage: string, details: string): void {
  show({ stage });
  setCurrentDetails(details);
}

/** Counts nudges, so that one which arrives while Postgres is being read is not lost. */
class Nudges {
  #count = 0;

  constructor(private readonly input: PurchaseInput) {}

  arrived(): void {
    this.#count += 1;
  }

  /**
   * Looks now, and again after each nudge, until `look` says that it has seen what it waits for. Weeks of nudges would
   * fill the history: the next run finds in Postgres where this one stood, and looks at its start.
   */
  async until(look: () => Promise<boolean>): Promise<void> {
    for (;;) {
      const seen = this.#count;
      if (await look()) {
        return;
      }
      if (workflowInfo().continueAsNewSuggested) {
        await continueAsNew<typeof purchase>(this.input);
      }
      await condition(() => this.#count > seen);
    }
  }
}
