/** Every workflow type of the house; the names are those of contracts/names.ts. */
export { conversation } from './conversation.ts';
export { approvalGate } from './gate.ts';
export { understandMessage } from './message.ts';
export { outbox } from './outbox.ts';
export { pipelineItem } from './pipelines/item.ts';
export { purchase } from './purchase.ts';
export { reconcile } from './reconcile.ts';
