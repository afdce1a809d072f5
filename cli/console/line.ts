import type { Verdict } from '../../contracts/approvals.ts';

/** Which of several is meant: the only one, that with a number on the screen, or that with an id or its beginning. */
export type Target = { by: 'only' } | { by: 'number'; number: number } | { by: 'id'; id: string };

/** What a line asks for. */
export type Line =
  | { kind: 'nothing' }
  | { kind: 'message'; text: string }
  /** A plain yes or no: a decision when exactly one question is open, else a message. */
  | { kind: 'word'; verdict: Verdict; text: string }
  | { kind: 'decide'; verdict: Verdict; target: Target; feedback: string | null }
  | { kind: 'bought'; amount: string; target: Target }
  | { kind: 'not-bought'; target: Target }
  | { kind: 'board' }
  | { kind: 'approvals' }
  | { kind: 'help' }
  | { kind: 'quit' }
  /** Cannot be carried out; says what to write instead. */
  | { kind: 'wrong'; say: string };

const words: Record<string, Verdict> = { yes: 'approve', no: 'reject' };
const number = /^[1-9]\d{0,2}$/;
/** A UUID, or its first eight digits and as many more as somebody cares to write. */
const idStart = /^[0-9a-f]{8}(?:-[0-9a-f-]{0,27})?$/i;
/** As the API takes it. */
const amount = /^\d{1,9}(?:\.\d{1,6})?$/;

/** Reads one line of the console. Never throws; every text is something. */
export function parseLine(line: string): Line {
  const text = line.trim();
  if (text === '') return { kind: 'nothing' };
  if (text.startsWith('/')) return parseCommand(text);
  const verdict = wordOf(text.toLowerCase().replace(/[.!]$/, ''));
  return verdict === undefined ? { kind: 'message', text } : { kind: 'word', verdict, text };
}

function parseCommand(text: string): Line {
  const [name = '', ...given] = text.split(/\s+/);
  const rest = text.slice(name.length).trim();
  switch (name.toLowerCase()) {
    case '/yes':
      return rest === '' || (given.length === 1 && targetOf(rest))
        ? { kind: 'decide', verdict: 'approve', target: targetOf(rest) ?? { by: 'only' }, feedback: null }
        : wrong('Write /yes, or /yes with the number of the question: /yes 1');
    case '/no':
      return parseNo(rest);
    case '/bought':
      return parseBought(given);
    case '/not-bought':
      return parseNotBought(given);
    case '/board':
      return alone({ kind: 'board' }, text);
    case '/approvals':
      return alone({ kind: 'approvals' }, text);
    case '/help':
      return alone({ kind: 'help' }, text);
    case '/quit':
      return alone({ kind: 'quit' }, text);
    default:
      return wrong(`There is no ${name}. Write /help to see what there is.`);
  }
}

/** The first word is the question's number or id when it looks like one; all else is the feedback. */
function parseNo(rest: string): Line {
  const [first = ''] = rest.split(/\s+/, 1);
  const target = targetOf(first);
  const feedback = target === undefined ? rest : rest.slice(first.length).trim();
  return { kind: 'decide', verdict: 'reject', target: target ?? { by: 'only' }, feedback: feedback || null };
}

function parseBought([paid = '', which = '', ...more]: string[]): Line {
  const target = which === '' ? ({ by: 'only' } as const) : targetOf(which);
  return amount.test(paid) && target !== undefined && more.length === 0
    ? { kind: 'bought', amount: paid, target }
    : wrong(
        'Write what was paid in all, with a point and without a currency: /bought 12.40 (of several: /bought 12.40 2)',
      );
}

function parseNotBought([which = '', ...more]: string[]): Line {
  const target = which === '' ? ({ by: 'only' } as const) : targetOf(which);
  return target !== undefined && more.length === 0
    ? { kind: 'not-bought', target }
    : wrong('Write /not-bought, or of several purchases: /not-bought 2');
}

function alone(line: { kind: 'board' | 'approvals' | 'help' | 'quit' }, text: string): Line {
  return text.length === line.kind.length + 1 ? line : wrong(`/${line.kind} stands alone: write nothing after it.`);
}

function targetOf(text: string): Target | undefined {
  if (number.test(text)) return { by: 'number', number: Number(text) };
  return idStart.test(text) ? { by: 'id', id: text.toLowerCase() } : undefined;
}

const wordOf = (text: string): Verdict | undefined => (Object.hasOwn(words, text) ? words[text] : undefined);
const wrong = (say: string): Line => ({ kind: 'wrong', say });
