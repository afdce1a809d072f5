import { parseResponse } from '../../client/index.ts';
import type { EvidenceRequest } from '../../contracts/api.ts';
import { createChoices, UnclearChoice } from './choice.ts';
import type { Line } from './line.ts';
import { boardsOf, waitingPurchases } from './purchases.ts';
import type { Questions, QuestionsParts } from './questions.ts';
import { boardText, waitingList } from './words.ts';

/** Carries out what a line asks for; what the house says to it comes by the feed. */
export function createCommands(parts: QuestionsParts & { questions: Questions; conversation: string }) {
  const { house, link, questions, print, paint, conversation } = parts;
  const purchases = createChoices({
    one: 'purchase',
    none: 'No purchase waits for your word; /board shows where everything is.',
  });

  async function send(text: string, id: string): Promise<void> {
    const message = { text, source_id: id, conversation };
    const { status } = await link(() => parseResponse(house.messages.$post({ json: message })));
    if (status === 'recorded') print(paint.dim('Recorded; it is taken up as soon as the engine is back.'));
  }

  /** A purchase that is not waiting any more may still be named: the house says who was first. */
  async function confirm(line: Extract<Line, { kind: 'bought' | 'not-bought' }>, id: string): Promise<void> {
    const waiting = await link(() => waitingPurchases(house));
    for (const each of purchases.open()) purchases.close(each);
    for (const { purchase } of waiting) purchases.show(purchase.id);
    const meant = choose(line, waiting);
    const word: EvidenceRequest =
      line.kind === 'bought'
        ? { stage: 'bought', verdict: 'bought', amount: line.amount }
        : { stage: 'bought', verdict: 'not_bought' };
    const request = { param: { id: meant.itemId }, json: word };
    const headers = { 'idempotency-key': id };
    await link(() => parseResponse(house.pipelines.items[':id'].evidence.$post(request, { headers })));
    const paid = line.kind === 'bought' ? `bought for ${line.amount} ${meant.purchase.currency}` : 'not bought';
    print(`Recorded: ${meant.names.join(', ')} — ${paid}.`);
  }

  function choose(
    line: Extract<Line, { kind: 'bought' | 'not-bought' }>,
    waiting: Awaited<ReturnType<typeof waitingPurchases>>,
  ) {
    if (line.target.by === 'only' && waiting.length > 1) print(waitingList(waiting, purchases.numberOf));
    const id = purchases.pick(line.target, line.kind === 'bought' ? `/bought ${line.amount}` : '/not-bought');
    const meant = waiting.find(({ purchase }) => purchase.id === id);
    if (meant === undefined)
      throw new UnclearChoice(`Purchase ${purchases.numberOf(id)} does not wait any more; see /board.`);
    return meant;
  }

  async function showBoard(): Promise<void> {
    for (const board of await link(() => boardsOf(house))) print(boardText(board, paint));
  }

  async function act(line: Line, id: string): Promise<void> {
    switch (line.kind) {
      case 'message':
        return send(line.text, id);
      case 'word': {
        const { verdict, text } = line;
        if (questions.open().length === 0) return send(text, id);
        return questions.answer({ kind: 'decide', verdict, target: { by: 'only' }, feedback: null }, id);
      }
      case 'decide':
        return questions.answer(line, id);
      case 'bought':
      case 'not-bought':
        return confirm(line, id);
      case 'board':
        return showBoard();
      case 'approvals':
        return questions.showAll({ sayNone: true });
      case 'wrong':
        print(paint.red(line.say));
        return;
      case 'nothing':
      case 'help':
      case 'quit':
    }
  }

  return {
    /** `id` is the line's own, the same in every try. Throws HouseRefused. */
    async carryOut(line: Line, id: string): Promise<void> {
      try {
        await act(line, id);
      } catch (error) {
        if (!(error instanceof UnclearChoice)) throw error;
        print(paint.red(error.message));
      }
    },
  };
}

export type Commands = ReturnType<typeof createCommands>;
