import { condition, getExternalWorkflowHandle, setCurrentDetails, setHandler } from '@temporalio/workflow';
import type { OrderStart, PurchaseEnd } from '../contracts/activities.ts';
import { nudgeSignal, withdrawSignal } from '../contracts/messages.ts';
import { workflowIds } from '../contracts/names.ts';
import { durable, local } from './activities.ts';
import { show } from './attributes.ts';
import { beginGate, beginPurchase, nudge, type PurchaseInput } from './begin.ts';
import { carryOut } from './effect.ts';

/** How asking the owner ended. */
type Answer = 'approved' | PurchaseEnd;

/**
 * One purchase: plan → reserve → ask → order → confirm → settle. All truth is in Postgres under the purchase's id, so
 * a run that starts over (reset, restart) finds what the one before it did, and a nudge only says: look again.
 */
export async function purchase({ purchaseId, ownerId }: PurchaseInput): Promise<void> {
  const nudges = new Nudges();
  setHandler(nudgeSignal, () => nudges.arrived());

  const order = await approvedOrder(purchaseId, nudges);
  if (typeof order === 'string') {
    await end(purchaseId, order);
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
    await end(purchaseId, receipt.outcome === 'expired' ? 'expired' : 'failed');
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

/** Waits for the gate to close. Items that change meanwhile withdraw it, so that the owner is asked about what is true. */
async function answered(purchaseId: string, approvalId: string, nudges: Nudges): Promise<Answer | 'changed'> {
  let withdrawn = false;
  let answer: Answer | 'changed' | undefined;
  await nudges.until(async () => {
    const gate = await local.readGate({ approvalId });
    if (gate.status === 'pending') {
      if (!withdrawn && (await local.planChanged({ purchaseId }))) {
        withdrawn = true;
        await getExternalWorkflowHandle(workflowIds.approval(approvalId)).signal(withdrawSignal);
      }
      return false;
    }
    if (gate.status === 'rejected' || gate.status === 'expired') {
      answer = gate.status;
    } else if (gate.status === 'cancelled') {
      answer = withdrawn ? 'changed' : 'cancelled';
    } else {
      answer = 'approved';
    }
    return true;
  });
  return answer ?? 'cancelled';
}

async function end(purchaseId: string, reason: PurchaseEnd): Promise<void> {
  const { changed } = await durable.abandonPurchase({ purchaseId, reason });
  await Promise.all(changed.map(nudge));
  status(reason, `Ended: ${reason}.`);
}

function status(stage: string, details: string): void {
  show({ stage });
  setCurrentDetails(details);
}

/** Counts nudges, so that one which arrives while Postgres is being read is not lost. */
class Nudges {
  #count = 0;

  arrived(): void {
    this.#count += 1;
  }

  /** Looks now, and again after each nudge, until `look` says that it has seen what it waits for. */
  async until(look: () => Promise<boolean>): Promise<void> {
    for (;;) {
      const seen = this.#count;
      if (await look()) {
        return;
      }
      await condition(() => this.#count > seen);
    }
  }
}
