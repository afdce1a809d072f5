import { randomUUID } from 'node:crypto';
import type { HouseClient } from '../house-client.ts';
import type { Arrivals, StoryOwner } from './story.ts';
import { untilTrue } from './until.ts';

const conversation = 'demo';

/** An owner who does everything over the REST API; the same ids in every try. */
export function restOwner(house: HouseClient, signal: AbortSignal): StoryOwner {
  const until = untilTrue(signal);
  return {
    tell(text) {
      const message = { text, source_id: randomUUID(), conversation };
      return until('the message is taken', () => house.send(message));
    },
    async decide({ id }, verdict) {
      const decision = { verdict, decision_id: randomUUID() };
      await until('the decision is taken', () => house.decide(id, decision));
    },
    async confirm(itemId, paid) {
      const wordId = randomUUID();
      const word = { stage: 'bought', verdict: 'bought', ...paid } as const;
      await until('the owner’s word is taken', () => house.confirm(itemId, word, wordId));
    },
  };
}

/** The owner shops himself: the list is in his conversation. */
export function listArrivals(house: HouseClient): Arrivals {
  return {
    at: 'list in the conversation',
    async count(messageId) {
      const { messages } = await house.messages(0);
      return messages.filter(({ id, kind }) => id === messageId && kind === 'list').length;
    },
  };
}
