import type { MessageReceipt } from '../contracts/api.ts';
import { TemporalUnavailable, UpdateTimedOut } from '../contracts/gateway.ts';
import type { ApiDeps } from './ports.ts';
import { Problem } from './problem.ts';

/** What the owner wrote, as a door has it. */
export interface Received {
  ownerId: string;
  /** The door, and the chat's own id behind it. */
  channel: string;
  address: string;
  /** The message's own id behind that door: the same id is the same message. */
  sourceId: string;
  text: string;
}

/** Records a message and hands it to its conversation. Throws problems. */
export async function receive(deps: ApiDeps, received: Received): Promise<MessageReceipt> {
  const { ownerId, channel, address, sourceId, text } = received;
  const blockedMs = await deps.model.blockedForMs();
  if (blockedMs > 0) {
    throw new Problem('model-unavailable', 'Nothing new was stored; send it again later.', {
      retry_after: Math.ceil(blockedMs / 1000),
    });
  }
  const recorded = await deps.messages.insertInbound({
    ownerId,
    butler: deps.butler,
    channel,
    address,
    source: channel,
    sourceId,
    body: text,
  });
  if (recorded.conflict) {
    throw new Problem(
      'idempotency-conflict',
      'This source_id came before with other words or in another conversation.',
    );
  }
  const { messageId, conversationId, duplicate } = recorded;
  const status = await admit(deps, { messageId, conversationId, ownerId });
  return { message_id: messageId, conversation_id: conversationId, status, duplicate };
}

/** A message that is written down is not lost when its workflow cannot be reached: it is admitted later. */
async function admit(deps: ApiDeps, message: { messageId: string; conversationId: string; ownerId: string }) {
  try {
    await deps.workflows.admit(message);
    return 'accepted' as const;
  } catch (error) {
    if (!(error instanceof TemporalUnavailable || error instanceof UpdateTimedOut)) throw error;
    deps.log.warn({ error, messageId: message.messageId }, 'A message is recorded and not yet admitted');
    deps.later('a message', () => deps.workflows.admit(message));
    return 'recorded' as const;
  }
}
