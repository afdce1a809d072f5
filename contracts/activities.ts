import type { ApprovalStatus, Decision, DecisionOutcome, RiskTier } from './approvals.ts';
import type { DeliveryEnd, DeliveryRef } from './deliveries.ts';
import type { AttemptRef, FenceResult, Receipt } from './effects.ts';
import type { ItemInput, ItemState } from './pipelines.ts';

/** What was made of a message: which items began, which changed, whether a purchase is to be planned. */
export interface CaptureResult {
  started: ItemInput[];
  /** Items whose rows changed and whose workflows should look again. */
  changed: string[];
  /** The purchase that should look at its items again, or begin. */
  purchaseId: string | null;
}

/** Why a message could not be understood. */
export type MessageFailure = 'deadline' | 'model_refused' | 'stopped';

export interface MessageActivities {
  /** Messages of the same conversation that were recorded before this one and have no end yet, oldest first. */
  waitingBefore(input: { messageId: string }): Promise<string[]>;
  /** Reads a message with the model or the offline reader; leaves a session and its turn. Paid for once. */
  readMessage(input: { messageId: string }): Promise<void>;
  /** Turns what was read into needs and items, in one transaction, once. */
  captureMessage(input: { messageId: string }): Promise<CaptureResult>;
  /** Tells the owner what was understood, and asks for what was not. */
  answerMessage(input: { messageId: string }): Promise<void>;
  /** The message could not be understood: says so, keeps it; one that was captured is answered. */
  failMessage(input: { messageId: string; reason: MessageFailure }): Promise<void>;
}

export interface PipelineActivities {
  /** Checks the invariants from the item's stage on and advances over all that hold. */
  advanceItem(input: ItemInput): Promise<ItemState>;
  /** Records that a stage is overdue and tells the owner once, in the name of the chain's persona. */
  recordBreak(input: ItemInput & { stage: string }): Promise<void>;
}

/** What one round of planning came to. */
export type PlanResult =
  | { kind: 'empty' }
  /** Already decided in an earlier life of this workflow. */
  | { kind: 'decided'; round: number; changed: string[] }
  | { kind: 'planned'; round: number; changed: string[] };

/**
 * Whether an approved purchase is on its way. `changed`: the list is another one than what was approved; ask again.
 * `leftoverPurchaseId`: what became ready meanwhile has a purchase of its own.
 */
export type OrderStart =
  | { kind: 'opened'; intentId: string; leftoverPurchaseId: string | null }
  | { kind: 'changed' }
  | { kind: 'not_approved' };

/** Why a purchase ended without an order. */
export type PurchaseEnd = 'rejected' | 'expired' | 'cancelled' | 'over_budget' | 'failed';

export interface PurchaseActivities {
  /**
   * Gathers the items that are ready, merges what is the same, fixes the lines of a round. `after`: the last round whose
   * gate was closed by a change, 0 before there is one.
   */
  planPurchase(input: { purchaseId: string; after: number }): Promise<PlanResult>;
  /** Whether the items that are ready now would make another list than the one that the owner was asked about. */
  planChanged(input: { purchaseId: string }): Promise<boolean>;
  /** Reserves the estimate in one transaction; false when the week's budget does not hold it. */
  reserveBudget(input: { purchaseId: string }): Promise<{ reserved: boolean }>;
  /** Writes the gate's row and its card; `approvalId` is the gate's workflow id. */
  requestApproval(input: { purchaseId: string }): Promise<GateInput>;
  /** After an approval: fixes the list and opens the intent. */
  openOrder(input: { purchaseId: string }): Promise<OrderStart>;
  /** Writes down how the sending ended, tells the owner what to do, names the items to look at again. */
  recordOrder(input: { purchaseId: string; intentId: string; receipt: Receipt }): Promise<{ changed: string[] }>;
  /** Whether somebody has confirmed the purchase. */
  readPurchase(input: { purchaseId: string }): Promise<{ status: string; settled: boolean }>;
  /**
   * Ends a purchase that will not be ordered, releases its money, gives its items back, says why. `leftoverPurchaseId` is as
   * in OrderStart.
   */
  abandonPurchase(input: {
    purchaseId: string;
    reason: PurchaseEnd;
  }): Promise<{ changed: string[]; leftoverPurchaseId: string | null }>;
  /** Settles the money by the owner's word (bought) or releases it (not bought), and tells the items. */
  settlePurchase(input: { purchaseId: string }): Promise<{ changed: string[] }>;
}

/** Input of the gate's workflow; everything else stands in Postgres under the id. */
export interface GateInput {
  approvalId: string;
  ownerId: string;
  butler: string;
  riskTier: RiskTier;
  /** The workflow to nudge when the gate is closed. */
  requesterWorkflowId: string;
  status: ApprovalStatus;
  expiresAt: string;
  /** Milliseconds until then by the database's clock. */
  expiresInMs: number;
}

export interface GateActivities {
  /** Where the gate stands, with the decisions that doors recorded and that nobody has put to it yet. */
  readGate(input: { approvalId: string }): Promise<DecisionOutcome & { asked: Decision[] }>;
  /** Decides in Postgres: checks authority and expiry, lets the first decision win. */
  recordDecision(input: { approvalId: string; decision: Decision }): Promise<DecisionOutcome>;
  /** Closes an unanswered gate; a decision that came first stands. */
  expireApproval(input: { approvalId: string }): Promise<DecisionOutcome>;
  /** Closes a gate that nobody has decided, because what it is about has changed; a decision that came first stands. */
  withdrawApproval(input: { approvalId: string }): Promise<DecisionOutcome>;
}

export interface EffectActivities {
  /** Claims, checks the approval again, sends, writes the receipt. Never retried by Temporal. */
  attemptEffect(input: AttemptRef): Promise<Receipt>;
  /** Finds out what became of an attempt that did not report back. */
  fenceAttempt(input: AttemptRef): Promise<FenceResult>;
  /** Closes an intent that could not be delivered after all its attempts. */
  giveUpEffect(input: { intentId: string }): Promise<Receipt>;
}

export interface OutboxActivities {
  /** What an account is shown next; null when nothing is due now. */
  nextDelivery(input: { accountId: string }): Promise<DeliveryRef | null>;
  /**
   * Shows it, once: sends a message, edits a card, sets a reaction. Never retried by Temporal. Null when the end is
   * written down, else the end that could not be.
   */
  deliver(input: DeliveryRef): Promise<DeliveryEnd | null>;
  /** Writes down the end of a try. */
  recordDelivery(input: DeliveryRef & { end: DeliveryEnd }): Promise<void>;
  /** Decides what became of a try that did not report back. */
  fenceDelivery(input: DeliveryRef): Promise<void>;
}

export interface ReconcileActivities {
  /** Compares what is open in Postgres with what runs in Temporal and mends the difference. */
  reconcileHouse(): Promise<ReconcileReport>;
}

/** What a reconcile did; all zero on a quiet day. */
export interface ReconcileReport {
  itemsCancelled: number;
  itemsStarted: number;
  purchasesCancelled: number;
  purchasesStarted: number;
  approvalsCancelled: number;
  messagesAdmitted: number;
  messagesFailed: number;
  reservationsReleased: number;
}
