import { randomUUID } from 'node:crypto';
import { type HouseClient, pageLimit, parseResponse } from '../../client/index.ts';
import type { Arrivals, StoryOwner } from './story.ts';
import { untilTrue } from './until.ts';

const conversation = 'demo';

/** An owner who does everything over the REST API; the same ids in every try. */
export function restOwner(house: HouseClient, signal: AbortSignal): StoryOwner {
  const until = untilTrue(signal);
  return {
    tell(text) {
      const message = { text, source_id: randomUUID(), conversation };
      return until('the message is taken', () => parseResponse(house.messages.$post({ json: message })));
    },
    async decide({ id }, verdict) {
      const request = { param: { id }, json: { verdict, decision_id: randomUUID() } };
      await until('the decision is taken', () => parseResponse(house.approvals[':id'].decide.$post(request)));
    },
    async confirm(itemId, paid) {
      const request = { param: { id: itemId }, json: { stage: 'bought', verdict: 'bought', ...paid } as const };
      const headers = { 'idempotency-key': randomUUID() };
      await until('the owner’s word is taken', () =>
        parseResponse(house.pipelines.items[':id'].evidence.$post(request, { headers })),
      );
    },
  };
}

/** The owner shops himself: the list is in his conversation. */
export function listArrivals(house: HouseClient): Arrivals {
  return {
    at: 'list in the conversation',
    async count(messageId) {
      const { messages } = await parseResponse(house.messages.$get({ query: { limit: pageLimit } }));
      return messages.filter(({ id, kind }) => id === messageId && kind === 'list').length;
    },
  };
}
