import type { ApprovalStore } from '../adapters/store/approvals.ts';
import type { BudgetStore } from '../adapters/store/budgets.ts';
import type { GroceriesStore } from '../adapters/store/groceries.ts';
import type { Purchase } from '../adapters/store/groceries/purchases.ts';
import type { LedgerStore } from '../adapters/store/ledger.ts';
import type { OpenWorkStore } from '../adapters/store/open-work.ts';
import type { PipelineStore } from '../adapters/store/pipelines.ts';
import type { HouseWorkflows } from '../adapters/house-workflows.ts';
import type { ReconcileActivities, ReconcileReport } from '../contracts/activities.ts';
import { purchaseOf, workflowIds } from '../contracts/names.ts';
import type { ChainDefinition } from '../contracts/pipelines.ts';
import { gateInput, orderIntentId } from './purchase.ts';

export interface ReconcileDependencies {
  openWork: OpenWorkStore;
  pipelines: PipelineStore;
  approvals: ApprovalStore;
  groceries: GroceriesStore;
  budgets: BudgetStore;
  ledger: LedgerStore;
  workflows: HouseWorkflows;
  chains: ReadonlyMap<string, ChainDefinition>;
  /** Milliseconds that a row may be without a workflow. */
  graceMs: number;
}

const stopped = 'Its workflow was stopped from outside.';

/**
 * Compares what Postgres calls open with what Temporal runs. Stopped by an operator: cancelled, and its money freed.
 * Never started, or forgotten by Temporal: started again, which is safe because every flow resumes from Postgres.
 */
export function createReconcileActivities(deps: ReconcileDependencies): ReconcileActivities {
  const { openWork, pipelines, approvals, groceries, budgets, ledger, workflows, chains, graceMs } = deps;

  async function openItems(report: ReconcileReport): Promise<void> {
    for (const { id, ownerId, chain } of await openWork.items(graceMs)) {
      const state = await workflows.stateOf(workflowIds.item(id));
      const definition = chains.get(chain);
      if (state === 'stopped') {
        await pipelines.cancel(id, stopped);
        const purchaseId = await openWork.purchaseOf(id);
        if (purchaseId !== null) {
          await workflows.nudge(workflowIds.purchase(purchaseId));
        }
        report.itemsCancelled += 1;
      } else if (state === 'absent' && definition !== undefined) {
        await workflows.startItem({ itemId: id, ownerId, chain: definition });
        report.itemsStarted += 1;
      }
    }
  }

  async function openGates(report: ReconcileReport): Promise<void> {
    for (const { id } of await openWork.approvals(graceMs)) {
      const state = await workflows.stateOf(workflowIds.approval(id));
      if (state === 'running' && (await approvals.unanswered(id)).length > 0) {
        await workflows.nudge(workflowIds.approval(id));
      }
      const approval = state === 'running' ? null : await approvals.get(id);
      if (approval === null) {
        continue;
      }
      if (state === 'stopped') {
        await approvals.cancel(id, stopped);
        await workflows.nudge(approval.requesterWorkflowId);
        report.approvalsCancelled += 1;
      } else {
        await workflows.startGate(gateInput(approval));
      }
    }
  }

  /** An order that may have left is never dropped: its workflow starts again and waits for the owner's word. */
  async function stopPurchase(purchase: Purchase, report: ReconcileReport): Promise<void> {
    const { id, ownerId, approvalId } = purchase;
    const approval = approvalId === null ? null : await approvals.get(approvalId);
    const receipt = approval === null ? null : await ledger.giveUp(orderIntentId(id, approval.actionHash));
    if (receipt?.outcome === 'delivered' || receipt?.outcome === 'unknown') {
      await workflows.startPurchase({ purchaseId: id, ownerId });
      report.purchasesStarted += 1;
      return;
    }
    if (approvalId !== null) {
      await approvals.cancel(approvalId, stopped);
      await workflows.nudge(workflowIds.approval(approvalId));
    }
    const { changed } = await groceries.close(id, purchase.status === 'ordering' ? 'failed' : 'cancelled');
    for (const itemId of changed) {
      await workflows.nudge(workflowIds.item(itemId));
    }
    report.purchasesCancelled += 1;
    report.reservationsReleased += await budgets.release(workflowIds.purchase(id));
  }

  async function openPurchases(report: ReconcileReport): Promise<void> {
    for (const { id, ownerId } of await openWork.purchases(graceMs)) {
      const state = await workflows.stateOf(workflowIds.purchase(id));
      const purchase = state === 'stopped' ? await groceries.getPurchase(id) : null;
      if (purchase !== null) {
        await stopPurchase(purchase, report);
      } else if (state === 'absent') {
        await workflows.startPurchase({ purchaseId: id, ownerId });
        report.purchasesStarted += 1;
      }
    }
  }

  /** A nudge that was lost while Temporal was away is given again. */
  async function lagging(): Promise<void> {
    for (const itemId of await openWork.lagging()) {
      await workflows.nudge(workflowIds.item(itemId));
    }
  }

  /** Whoever holds money looks at Postgres once more: it may be confirmed, or closed, and not settled yet. */
  async function holders(report: ReconcileReport): Promise<void> {
    for (const { workflowId, ownerId } of await budgets.holders()) {
      if ((await workflows.stateOf(workflowId)) === 'running') {
        await workflows.nudge(workflowId);
      } else {
        await workflows.startPurchase({ purchaseId: purchaseOf(workflowId), ownerId });
        report.purchasesStarted += 1;
      }
    }
  }

  async function openMessages(report: ReconcileReport): Promise<void> {
    for (const { id, ownerId, conversationId } of await openWork.messages(graceMs)) {
      const state = await workflows.stateOf(workflowIds.message(id));
      if (state === 'absent') {
        await workflows.admit({ conversationId, ownerId, messageId: id });
        report.messagesAdmitted += 1;
      }
    }
  }

  return {
    async reconcileHouse() {
      const report: ReconcileReport = {
        itemsCancelled: 0,
        itemsStarted: 0,
        purchasesCancelled: 0,
        purchasesStarted: 0,
        approvalsCancelled: 0,
        messagesAdmitted: 0,
        reservationsReleased: 0,
      };
      await openItems(report);
      await openGates(report);
      await openPurchases(report);
      await openMessages(report);
      await lagging();
      await holders(report);
      return report;
    },
  };
}
