import { ApplicationFailure } from '@temporalio/common';
import type { GateCodes } from '../adapters/gate-code.ts';
import type { Approval, ApprovalStore } from '../adapters/store/approvals.ts';
import type { BudgetStore } from '../adapters/store/budgets.ts';
import type { GroceriesStore } from '../adapters/store/groceries.ts';
import type { Purchase } from '../adapters/store/groceries/purchases.ts';
import type { LedgerStore } from '../adapters/store/ledger.ts';
import type { MessageStore } from '../adapters/store/messages.ts';
import { actionHash } from '../contracts/action.ts';
import type { GateInput, PurchaseActivities } from '../contracts/activities.ts';
import type { Action } from '../contracts/approvals.ts';
import { renderCard } from '../contracts/card.ts';
import type { EffectTool } from '../contracts/effect-tool.ts';
import { failureTypes } from '../contracts/failures.ts';
import type { GroceriesSettings } from '../contracts/groceries-settings.ts';
import { deriveId } from '../contracts/ids.ts';
import { toolNames, workflowIds } from '../contracts/names.ts';
import { weekStart } from '../contracts/period.ts';
import { type PurchaseArgs, purchaseArgsSchema } from '../contracts/purchase-args.ts';
import { purchaseNotices } from './purchase-notices.ts';

export interface PurchaseDependencies {
  groceries: GroceriesStore;
  budgets: BudgetStore;
  approvals: ApprovalStore;
  ledger: LedgerStore;
  messages: MessageStore;
  codes: GateCodes;
  tools: ReadonlyMap<string, EffectTool>;
  settings: GroceriesSettings;
  persona: { name: string; emoji: string };
  /** Who an order is sent as: the house's own mail address, or `owner`. */
  account: string;
  approvalExpiresAfterMs: number;
  now: () => Date;
}

const butler = 'household';

/** The states of an approval that was given, whatever has become of its effect since. */
const given = new Set(['approved', 'executing', 'executed', 'failed', 'unknown']);

/** The steps of a purchase. Each is an upsert under ids derived from purchase and round, so a repeat is harmless. */
export function createPurchaseActivities(deps: PurchaseDependencies): PurchaseActivities {
  const { groceries, budgets, approvals, ledger, messages, settings } = deps;
  const notices = purchaseNotices(deps);

  async function load(purchaseId: string): Promise<Purchase> {
    const purchase = await groceries.getPurchase(purchaseId);
    if (purchase === null) {
      throw noPurchase();
    }
    return purchase;
  }

  /** A purchase that was approved before a restore, and may have been ordered since: it is not planned anew. */
  async function perhapsOrdered(purchaseId: string): Promise<Purchase | null> {
    const purchase = await groceries.getPurchase(purchaseId);
    const approval = purchase?.status === 'asked' && purchase.approvalId !== null ? purchase.approvalId : null;
    return approval !== null && (await approvals.get(approval))?.status === 'unknown' ? purchase : null;
  }

  function actionOf(purchase: Purchase, approvalId: string, budgetLeft: number): Action {
    const args: PurchaseArgs = {
      purchase_id: purchase.id,
      shop: purchase.shop,
      shop_address: purchase.shopAddress,
      currency: purchase.currency,
      estimate_minor: purchase.estimateMinor,
      budget_left_minor: budgetLeft,
      lines: purchase.lines,
    };
    const tool = purchase.channel === 'email' ? toolNames.purchaseByEmail : toolNames.purchaseByOwner;
    const toolVersion = deps.tools.get(tool)?.version ?? 1;
    return { tool, toolVersion, args: purchaseArgsSchema.parse(args), account: deps.account, nonce: approvalId };
  }

  async function openGate(purchase: Purchase, approvalId: string): Promise<Approval> {
    const existing = await approvals.get(approvalId);
    if (existing !== null) {
      return existing;
    }
    const left = await budgets.left(reservationIdOf(purchase));
    const action = actionOf(purchase, approvalId, left ?? 0);
    return approvals.request({
      id: approvalId,
      ownerId: purchase.ownerId,
      butler,
      conversationId: purchase.conversationId,
      requesterWorkflowId: workflowIds.purchase(purchase.id),
      action,
      actionHash: actionHash(action),
      ...deps.codes.issue(approvalId),
      riskTier: deps.tools.get(action.tool)?.riskTier ?? 'critical',
      expiresAfterMs: deps.approvalExpiresAfterMs,
    });
  }

  /** A run that was stopped may have left the gate of its round open: one purchase asks one question. */
  async function closeEarlierGates({ id, round }: Purchase): Promise<void> {
    for (let earlier = 1; earlier < round; earlier++) {
      await approvals.cancel(approvalIdOf(id, earlier), 'What it was about has changed.');
    }
  }

  async function showCard(approval: Approval): Promise<void> {
    await messages.insertOutbound({
      ownerId: approval.ownerId,
      conversationId: approval.conversationId,
      butler,
      kind: 'card',
      persona: `${deps.persona.emoji} ${deps.persona.name}`,
      body: cardOf(approval),
      approvalId: approval.id,
      dedupeKey: `card:${approval.id}`,
    });
  }

  return {
    async planPurchase({ purchaseId, after }) {
      const restored = await perhapsOrdered(purchaseId);
      if (restored !== null) {
        return { kind: 'decided', round: restored.round, changed: [] };
      }
      const plan = await groceries.plan(purchaseId, after);
      if (plan === null) {
        throw noPurchase();
      }
      return plan;
    },

    async planChanged({ purchaseId }) {
      return groceries.planChanged(purchaseId);
    },

    async reserveBudget({ purchaseId }) {
      const purchase = await load(purchaseId);
      const periodStart = weekStart(deps.now(), settings.timezone);
      const { currency } = purchase;
      const budgetId = deriveId('budget', purchase.ownerId, butler, periodStart, currency);
      const { reserved } = await budgets.reserve(
        { budgetId, ownerId: purchase.ownerId, butler, periodStart, currency, capMinor: settings.budgetPerWeek.minor },
        {
          reservationId: reservationIdOf(purchase),
          amountMinor: purchase.estimateMinor,
          workflowId: workflowIds.purchase(purchaseId),
          attempt: purchase.round,
        },
      );
      return { reserved };
    },

    async requestApproval({ purchaseId }) {
      const purchase = await load(purchaseId);
      const { round } = purchase;
      await closeEarlierGates(purchase);
      const approvalId = approvalIdOf(purchaseId, round);
      const approval = await openGate(purchase, approvalId);
      const reservationId = reservationIdOf(purchase);
      if (await groceries.markAsked(purchaseId, round, { approvalId, reservationId })) {
        await showCard(approval);
      } else {
        await approvals.cancel(approvalId, 'The purchase had gone another way.', ['pending']);
      }
      return gateInput(approval);
    },

    async openOrder({ purchaseId }) {
      const purchase = await load(purchaseId);
      const approval = purchase.approvalId === null ? null : await approvals.get(purchase.approvalId);
      if (approval === null || !given.has(approval.status)) {
        return { kind: 'not_approved' };
      }
      if (purchase.intentId !== null) {
        return { kind: 'opened', intentId: purchase.intentId, leftoverPurchaseId: null };
      }
      const start = await groceries.startOrdering(purchaseId, purchase.round, approval.status === 'unknown');
      if (!start.started) {
        await approvals.cancel(approval.id, 'The list was changed before it could be ordered.');
        return { kind: start.reason === 'changed' ? 'changed' : 'not_approved' };
      }
      const intentId = orderIntentId(purchaseId, approval.actionHash);
      await ledger.openIntent({
        id: intentId,
        ownerId: purchase.ownerId,
        butler,
        flow: 'purchase',
        entityId: purchaseId,
        step: orderStep,
        tool: approval.action.tool,
        actionHash: approval.actionHash,
        approvalId: approval.id,
        reservationId: purchase.reservationId,
        workflowId: workflowIds.purchase(purchaseId),
      });
      return { kind: 'opened', intentId, leftoverPurchaseId: start.leftoverPurchaseId };
    },

    async recordOrder({ purchaseId, intentId, receipt }) {
      const { changed } = await groceries.recordOrdered(purchaseId, {
        status: orderStatus[receipt.outcome],
        intentId,
        receipt,
      });
      await notices.ordered(await load(purchaseId), receipt);
      return { changed };
    },

    async readPurchase({ purchaseId }) {
      const { status } = await load(purchaseId);
      return { status, settled: status === 'bought' || status === 'not_bought' };
    },

    async abandonPurchase({ purchaseId, reason }) {
      const purchase = await load(purchaseId);
      if (purchase.approvalId !== null) {
        await approvals.cancel(purchase.approvalId, reason);
      }
      await budgets.release(workflowIds.purchase(purchaseId));
      const { changed, leftoverPurchaseId } = await groceries.closeAndGoOn(purchaseId, reason);
      await notices.abandoned(purchase, reason);
      return { changed, leftoverPurchaseId };
    },

    async settlePurchase({ purchaseId }) {
      const purchase = await load(purchaseId);
      const bought = purchase.status === 'bought';
      if (purchase.intentId !== null) {
        await ledger.reconcile(
          purchase.intentId,
          bought ? 'delivered' : 'refused',
          purchase.confirmedBy ?? 'the owner',
        );
      }
      if (!bought) {
        await budgets.release(workflowIds.purchase(purchaseId));
        await notices.notBought(purchase);
        return { changed: purchase.changed };
      }
      const { overMinor } = await budgets.settle(
        reservationIdOf(purchase),
        purchase.actualMinor ?? purchase.estimateMinor,
      );
      await notices.settled(purchase, overMinor);
      return { changed: purchase.lines.map((line) => line.item_id) };
    },
  };
}

/** A purchase has one step that leaves the house. */
const orderStep = 1;

/** The id of a purchase's order: the same after a reset, and another one as soon as the action is another. */
export function orderIntentId(purchaseId: string, hash: string): string {
  return deriveId('intent', 'purchase', purchaseId, String(orderStep), hash);
}

const orderStatus = { delivered: 'ordered', unknown: 'unknown', refused: 'failed', expired: 'failed' } as const;

function noPurchase(): ApplicationFailure {
  return ApplicationFailure.nonRetryable('There is no such purchase.', failureTypes.notFound);
}

/** Each round of a purchase has its own gate. */
function approvalIdOf(purchaseId: string, round: number): string {
  return deriveId('approval', purchaseId, String(round));
}

/** Each round of a purchase has its own reservation. */
function reservationIdOf(purchase: Purchase): string {
  return deriveId('reservation', purchase.id, String(purchase.round));
}

/** The card of a stored approval, rendered again from its arguments. Throws a ZodError when those are no purchase. */
export function cardOf(approval: Approval): string {
  return renderCard({
    approvalId: approval.id,
    tool: approval.action.tool,
    account: approval.action.account,
    riskTier: approval.riskTier,
    actionHash: approval.actionHash,
    expiresAt: approval.expiresAt,
    args: purchaseArgsSchema.parse(approval.action.args),
  });
}

/** What the gate's workflow is started with. */
export function gateInput(approval: Approval): GateInput {
  return {
    approvalId: approval.id,
    ownerId: approval.ownerId,
    butler: approval.butler,
    riskTier: approval.riskTier,
    requesterWorkflowId: approval.requesterWorkflowId,
    status: approval.status,
    expiresAt: approval.expiresAt.toISOString(),
    expiresInMs: approval.expiresInMs,
  };
}
