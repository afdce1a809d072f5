import { setTimeout as wait } from 'node:timers/promises';
import type { ApiMessage } from '../../contracts/api.ts';
import { pageLimit, parseResponse } from '../../client/index.ts';
import type { Questions, QuestionsParts } from './questions.ts';
import { saying } from './words.ts';

/** Milliseconds between two looks at what the house says. */
const pollMs = 500;

/** Shows what the house says from now on, and the questions that are open already. */
export function createFeed(parts: QuestionsParts & { questions: Questions; signal: AbortSignal }) {
  const { house, link, print, paint, questions, signal } = parts;

  const page = (query: { after?: number; limit: number; order?: 'asc' | 'desc' }) =>
    link(() => parseResponse(house.messages.$get({ query })));

  function show(message: ApiMessage): void {
    const { direction, kind, approval_id, text, persona } = message;
    if (direction === 'inbound') return;
    if (kind !== 'card' || approval_id === null) print(saying(message, paint));
    else if (!questions.knows(approval_id)) questions.show({ id: approval_id, text, persona });
  }

  return {
    /** Runs until the signal; then it rejects with the signal's reason. Throws HouseRefused. */
    async run(): Promise<never> {
      const [newest] = (await page({ order: 'desc', limit: 1 })).messages;
      let seq = newest?.seq ?? 0;
      await questions.showAll({ sayNone: false });
      for (;;) {
        const { messages, next } = await page({ after: seq, limit: pageLimit });
        messages.forEach(show);
        seq = next;
        await questions.closeEnded();
        if (messages.length < pageLimit) await wait(pollMs, undefined, { signal });
      }
    },
  };
}
