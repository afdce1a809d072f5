import { HouseRefused, type HouseClient, pageLimit, parseResponse } from '../../client/index.ts';
import { createChoices } from './choice.ts';
import type { Line } from './line.ts';
import type { Link } from './link.ts';
import { ending, type Paint, question } from './words.ts';

export interface QuestionsParts {
  house: HouseClient;
  link: Link;
  print: (text: string) => void;
  paint: Paint;
}

/** The gates that this console has shown: their numbers, their answers, and how they ended elsewhere. */
export function createQuestions({ house, link, print, paint }: QuestionsParts) {
  const choices = createChoices({ one: 'question', none: 'No question is open.' });

  function show(asked: { id: string; text: string; persona: string | null }): void {
    const number = choices.show(asked.id);
    print(question({ ...asked, number, alone: choices.open().length === 1 }, paint));
  }

  async function pending() {
    const query = { status: 'pending', limit: pageLimit } as const;
    return (await link(() => parseResponse(house.approvals.$get({ query })))).approvals.toReversed();
  }

  /** The house's answer to a decision, or how the question had ended before it. */
  async function decide(id: string, line: Extract<Line, { kind: 'decide' }>, decisionId: string): Promise<string> {
    const number = choices.numberOf(id);
    const decision = {
      verdict: line.verdict,
      decision_id: decisionId,
      ...(line.feedback !== null && { feedback: line.feedback }),
    };
    try {
      const { status } = await link(() =>
        parseResponse(house.approvals[':id'].decide.$post({ param: { id }, json: decision })),
      );
      return status === 'recorded'
        ? `Question ${number}: your answer is recorded, and counts as soon as the house can process it.`
        : `Question ${number}: ${status}.`;
    } catch (error) {
      const before =
        error instanceof HouseRefused && error.is('already-decided', 'expired') ? error.problem.outcome : undefined;
      if (before !== undefined) return `${ending(number, before)} Your answer came later and changes nothing.`;
      choices.show(id);
      throw error;
    }
  }

  return {
    show,
    knows: choices.knows,
    open: choices.open,

    /** Answers the question that is meant. `decisionId` is the same in every try. Throws UnclearChoice, HouseRefused. */
    async answer(line: Extract<Line, { kind: 'decide' }>, decisionId: string): Promise<void> {
      const id = choices.pick(line.target, line.verdict === 'approve' ? '/yes' : '/no');
      choices.close(id);
      print(await decide(id, line, decisionId));
    },

    /** Shows every open question: those of before the start, or all of them again. Says when there is none. */
    async showAll({ sayNone }: { sayNone: boolean }): Promise<void> {
      const open = await pending();
      for (const { id, card } of open) show({ id, text: card, persona: null });
      if (open.length === 0 && sayNone) print('No question is open.');
    },

    /** Says of every question that was closed elsewhere how it ended. */
    async closeEnded(): Promise<void> {
      const before = choices.open();
      if (before.length === 0) return;
      const open = new Set((await pending()).map(({ id }) => id));
      for (const id of before.filter((each) => !open.has(each))) {
        const { approval } = await link(() => parseResponse(house.approvals[':id'].$get({ param: { id } })));
        if (!choices.open().includes(id)) continue;
        choices.close(id);
        const { status, decided_by: by, decided_via: via, decided_at: at } = approval;
        print(ending(choices.numberOf(id), { status, by, via, at }));
      }
    },
  };
}

export type Questions = ReturnType<typeof createQuestions>;
