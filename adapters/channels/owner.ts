import { renderList } from '../../contracts/card.ts';
import type { EffectTool } from '../../contracts/effect-tool.ts';
import { toolNames } from '../../contracts/names.ts';
import { purchaseArgsSchema } from '../../contracts/purchase-args.ts';
import type { MessageStore } from '../store/messages.ts';

/** The owner shops himself: the list goes to his conversation. Keyed: one message row per intent. */
export function createOwnerChannel(deps: {
  messages: MessageStore;
  butler: string;
  persona: { name: string; emoji: string };
}): EffectTool {
  return {
    name: toolNames.purchaseByOwner,
    version: 1,
    riskTier: 'medium',
    keyed: true,
    async send({ intentId, ownerId, conversationId, args }) {
      const { messageId } = await deps.messages.insertOutbound({
        ownerId,
        conversationId,
        butler: deps.butler,
        kind: 'list',
        persona: `${deps.persona.emoji} ${deps.persona.name}`,
        body: renderList(purchaseArgsSchema.parse(args)),
        dedupeKey: `list:${intentId}`,
      });
      return { sent: true, providerId: messageId, detail: 'The list is in the conversation.' };
    },
  };
}
