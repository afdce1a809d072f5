/** Every name that crosses a process: task queue, workflow types and ids, search attributes, schedules, tools. */

/** The one task queue of the house. */
export const taskQueue = 'majordomo';

/** Workflow types; each is the name of the function that `workflows/index.ts` exports. */
export const workflowTypes = {
  conversation: 'conversation',
  message: 'understandMessage',
  item: 'pipelineItem',
  approval: 'approvalGate',
  purchase: 'purchase',
  reconcile: 'reconcile',
  outbox: 'outbox',
} as const;

/** Workflow ids, all made of UUIDs that Postgres knows; an approval's and an item's workflow id is the id itself. */
export const workflowIds = {
  conversation: (conversationId: string): string => `conversation-${conversationId}`,
  message: (messageId: string): string => `message-${messageId}`,
  item: (itemId: string): string => itemId,
  approval: (approvalId: string): string => approvalId,
  purchase: (purchaseId: string): string => `purchase-${purchaseId}`,
  /** By the row of the owner's account, never by its number. */
  outbox: (accountId: string): string => `outbox-${accountId}`,
} as const;

/** The purchase that a purchase's workflow id names. */
export function purchaseOf(workflowId: string): string {
  return workflowId.slice(workflowIds.purchase('').length);
}

/** Typed search attributes, registered at start. The SQLite store holds at most 10 Keywords and 3 of any other type. */
export const searchAttributes = {
  Butler: 'Keyword',
  Flow: 'Keyword',
  Stage: 'Keyword',
  ApprovalState: 'Keyword',
  RiskTier: 'Keyword',
  Owner: 'Keyword',
  Deadline: 'Datetime',
} as const;

/** Schedule ids. */
export const scheduleIds = { reconcile: 'reconcile' } as const;

/** Names of the tools that may leave the house; a tool that is not here cannot run. */
export const toolNames = {
  purchaseByOwner: 'household_purchase_owner',
  purchaseByEmail: 'household_purchase_email',
} as const;

/** Tools whose channel drops a repeat under the same key; whatever is not here may not be sent twice. */
export const keyedTools: readonly string[] = [toolNames.purchaseByOwner];

/** The persona that speaks where no chain does. */
export const housePersona = 'Majordomo';
