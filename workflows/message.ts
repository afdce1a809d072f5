import { workflowIds } from '../contracts/names.ts';
import { local, reading } from './activities.ts';
import { beginItem, beginPurchase, nudge } from './begin.ts';
import { mustBe } from './guards.ts';

export interface MessageInput {
  messageId: string;
  ownerId: string;
}

/** One message: read it, capture what it asks for, set the items going, answer. */
export async function understandMessage(input: MessageInput): Promise<void> {
  mustBe(workflowIds.message, input?.messageId);
  const { messageId, ownerId } = input;
  await reading.readMessage({ messageId });
  const { started, changed, purchaseId } = await local.captureMessage({ messageId });
  await Promise.all([...started.map(beginItem), ...changed.map(nudge)]);
  if (purchaseId !== null) {
    await beginPurchase({ purchaseId, ownerId });
  }
  await local.answerMessage({ messageId });
}
