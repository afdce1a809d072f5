import { housePersona } from '../../contracts/names.ts';
import { channel, type TelegramDeps } from './ports.ts';

/** Where a reply goes, and the update that it answers: said once per update and `part`. */
export interface ReplyTo {
  chatId: number;
  updateId: number;
}

/** Says something in the chat; the outbox brings it there. */
export async function reply(
  { house, telegram }: TelegramDeps,
  { chatId, updateId }: ReplyTo,
  said: { text: string; approvalId?: string },
): Promise<void> {
  const { ownerId, bot, messages } = telegram;
  const conversationId = await messages.openConversation({ ownerId, channel, address: String(chatId) });
  const { text: body, approvalId } = said;
  await messages.insertOutbound({
    ownerId,
    conversationId,
    butler: house.butler,
    kind: approvalId === undefined ? 'notice' : 'card',
    body,
    persona: housePersona,
    dedupeKey: `command:${bot}:${updateId}${approvalId === undefined ? '' : `:${approvalId}`}`,
    ...(approvalId !== undefined && { approvalId }),
  });
}
