import type { ChainDefinition } from '../pipelines.ts';

/** Deadlines that the household's butler.toml sets, in milliseconds. */
export interface GroceriesDeadlines {
  captured: number;
  bought: number;
}

/** need → captured → bought. The later stages (dispatched, eaten) join when their evidence can be observed. */
export function groceries(deadlines: GroceriesDeadlines): ChainDefinition {
  return {
    name: 'groceries',
    butler: 'household',
    persona: { name: 'Basil', emoji: '🧺' },
    stages: [
      {
        name: 'need',
        actor: 'owner',
        deadlineMs: null,
        evidence: 'query',
        invariant: 'The message that asked for it is recorded.',
        nextAction: 'Write what is needed.',
        onBreak: 'Write what is needed.',
      },
      {
        name: 'captured',
        actor: 'butler',
        deadlineMs: deadlines.captured,
        evidence: 'query',
        invariant: 'Name, quantity, unit and the exact words of the message are known.',
        nextAction: 'Answer how much is needed.',
        onBreak: 'Answer how much is needed, or write that it is not needed any more.',
      },
      {
        name: 'bought',
        actor: 'gate',
        deadlineMs: deadlines.bought,
        evidence: 'query',
        invariant: 'A receipt covers the item, and somebody who knows confirmed the purchase with its amount.',
        nextAction: 'Approve the purchase, then confirm it with the amount paid.',
        onBreak: 'Approve and confirm the purchase, write “buy it now”, or write that it is not needed any more.',
      },
    ],
  };
}
