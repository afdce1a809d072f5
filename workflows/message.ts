import { local, reading } from './activities.ts';
import { beginItem, beginPurchase, nudge } from './begin.ts';

export interface MessageInput {
  messageId: string;
  ownerId: string;
}

/** One message: read it, capture what it asks for, set the items going, answer. */
export async function understandMessage({ messageId, ownerId }: MessageInput): Promise<void> {
  await reading.readMessage({ messageId });
  const { started, changed, purchaseId } = await local.captureMessage({ messageId });
  await Promise.all([...started.map(beginItem), ...changed.map(nudge)]);
  if (purchaseId !== null) {
    await beginPurchase({ purchaseId, ownerId });
  }
  await local.answerMessage({ messageId });
}
