import type { ApprovalStore } from '../adapters/store/approvals.ts';
import type { BudgetStore } from '../adapters/store/budgets.ts';
import type { GroceriesStore } from '../adapters/store/groceries.ts';
import type { Purchase } from '../adapters/store/groceries/purchases.ts';
import type { LedgerStore } from '../adapters/store/ledger.ts';
import type { OpenWorkStore } from '../adapters/store/open-work.ts';
import type { PipelineStore } from '../adapters/store/pipelines.ts';
import type { HouseWorkflows } from '../adapters/house-workflows.ts';
import type { MessageActivities, ReconcileActivities, ReconcileReport } from '../contracts/activities.ts';
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
  failMessage: MessageActivities['failMessage'];
  /** Milliseconds that a row may be without a workflow. */
  graceMs: number;
}

const stopped = 'Its workflow was stopped from outside.';

/**
 * Compares what Postgres calls open with what Temporal runs. Stopped by an operator: cancelled, and its money freed.
 * Never started, or forgotten by Temporal: started again, which is safe because every flow resumes from Postgres.
 */
export function createReconcileActivities(deps: ReconcileDependencies): ReconcileActivities {
  const { openWork, pipelines, approvals, groceries, budgets, ledger, workflows, chains, failMessage, graceMs } = deps;

  async function openItems({ report, each }: Sweep): Promise<void> {
    await each(await openWork.items(graceMs), async ({ id, ownerId, chain }) => {
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
    });
  }

  async function openGates({ report, each }: Sweep): Promise<void> {
    await each(await openWork.approvals(graceMs), async ({ id }) => {
      const state = await workflows.stateOf(workflowIds.approval(id));
      if (state === 'running' && (await approvals.unanswered(id)).length > 0) {
        await workflows.nudge(workflowIds.approval(id));
      }
      const overdue = (await approvals.expire(id))?.status === 'expired';
      const approval = state === 'running' && !overdue ? null : await approvals.get(id);
      if (approval === null) {
        return;
      }
      if (overdue) {
        await workflows.nudge(workflowIds.approval(id));
        await workflows.nudge(approval.requesterWorkflowId);
      } else if (state === 'stopped') {
        await approvals.cancel(id, stopped);
        await workflows.nudge(approval.requesterWorkflowId);
        report.approvalsCancelled += 1;
      } else {
        await workflows.startGate(gateInput(approval));
      }
    });
  }

  /** An order that may have left is never dropped: its workflow starts again and waits for the owner's word. */
  async function stopPurchase(purchase: Purchase, report: ReconcileReport): Promise<void> {
    const { id, ownerId, approvalId } = purchase;
    const approval = approvalId === null ? null : await approvals.get(approvalId);
    const receipt = approval === null ? null : await ledger.giveUp(orderIntentId(id, approval.actionHash));
    if (receipt?.outcome === 'delivered' || receipt?.outcome === 'unknown' || approval?.status === 'unknown') {
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

  async function openPurchases({ report, each }: Sweep): Promise<void> {
    await each(await openWork.purchases(graceMs), async ({ id, ownerId }) => {
      const state = await workflows.stateOf(workflowIds.purchase(id));
      const purchase = state === 'stopped' ? await groceries.getPurchase(id) : null;
      if (purchase !== null) {
        await stopPurchase(purchase, report);
      } else if (state === 'absent') {
        await workflows.startPurchase({ purchaseId: id, ownerId });
        report.purchasesStarted += 1;
      }
    });
  }

  /** A nudge that was lost while Temporal was away is given again. */
  async function lagging({ each }: Sweep): Promise<void> {
    await each(await openWork.lagging(), async (itemId) => {
      await workflows.nudge(workflowIds.item(itemId));
    });
  }

  /**
   * Whoever holds money looks at Postgres once more: it may be confirmed, or closed, and not settled yet. One that is
   * still open and does not run is the business of `openPurchases`, which asks first who stopped it.
   */
  async function holders({ report, each }: Sweep): Promise<void> {
    await each(await budgets.holders(), async ({ workflowId, ownerId }) => {
      const purchaseId = purchaseOf(workflowId);
      if ((await workflows.stateOf(workflowId)) === 'running') {
        await workflows.nudge(workflowId);
      } else if (!(await openWork.isOpenPurchase(purchaseId))) {
        await workflows.startPurchase({ purchaseId, ownerId });
        report.purchasesStarted += 1;
      }
    });
  }

  async function openMessages({ report, each }: Sweep): Promise<void> {
    await each(await openWork.messages(graceMs), async ({ id, ownerId, conversationId }) => {
      const state = await workflows.stateOf(workflowIds.message(id));
      if (state === 'absent') {
        await workflows.admit({ conversationId, ownerId, messageId: id });
        report.messagesAdmitted += 1;
      } else if (state === 'stopped') {
        await failMessage({ messageId: id, reason: 'stopped' });
        report.messagesFailed += 1;
      }
    });
  }

  return {
    async reconcileHouse() {
      const sweep = createSweep({
        itemsCancelled: 0,
        itemsStarted: 0,
        purchasesCancelled: 0,
        purchasesStarted: 0,
        approvalsCancelled: 0,
        messagesAdmitted: 0,
        messagesFailed: 0,
        reservationsReleased: 0,
      });
      await openItems(sweep);
      await openGates(sweep);
      await openPurchases(sweep);
      await openMessages(sweep);
      await lagging(sweep);
      await holders(sweep);
      return sweep.finish();
    },
  };
}

/** One look over the house. */
interface Sweep {
  report: ReconcileReport;
  /** Mends one row after the other; one that cannot be mended does not keep the others waiting. */
  each: <Row>(rows: readonly Row[], mend: (row: Row) => Promise<void>) => Promise<void>;
  /** The report, or the first error, so that Temporal tries again what was left. */
  finish(): ReconcileReport;
}

function createSweep(report: ReconcileReport): Sweep {
  const errors: unknown[] = [];
  return {
    report,
    each: async (rows, mend) => {
      for (const row of rows) {
        await mend(row).catch((error: unknown) => errors.push(error));
      }
    },
    finish() {
      if (errors.length > 0) {
        throw errors[0];
      }
      return report;
    },
  };
}
