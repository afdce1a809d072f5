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

  const said = (after: number) =>
    link(() => parseResponse(house.messages.$get({ query: { after, limit: pageLimit } })));

  /** The seq of the newest message there is. */
  async function newest(): Promise<number> {
    let seq = 0;
    for (;;) {
      const page = await said(seq);
      seq = page.next;
      if (page.messages.length < pageLimit) return seq;
    }
  }

  function show(message: ApiMessage): void {
    const { direction, kind, approval_id, text, persona } = message;
    if (direction === 'inbound') return;
    if (kind !== 'card' || approval_id === null) print(saying(message, paint));
    else if (!questions.knows(approval_id)) questions.show({ id: approval_id, text, persona });
  }

  return {
    /** Runs until the signal; then it rejects with the signal's reason. Throws HouseRefused. */
    async run(): Promise<never> {
      let seq = await newest();
      await questions.showAll({ sayNone: false });
      for (;;) {
        const page = await said(seq);
        page.messages.forEach(show);
        seq = page.next;
        await questions.closeEnded();
        if (page.messages.length < pageLimit) await wait(pollMs, undefined, { signal });
      }
    },
  };
}
