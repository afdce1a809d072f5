import type { Formatter } from 'picocolors/types.js';
import type { ApiItem, ApiMessage, Board } from '../../contracts/api.ts';
import { visible } from '../../contracts/card.ts';
import type { ProblemBody } from '../../contracts/problems.ts';
import type { Waiting } from './purchases.ts';

/** Colours of the screen; on one without colours they change nothing. */
export type Paint = Readonly<Record<'bold' | 'dim' | 'cyan' | 'yellow' | 'red', Formatter>>;

export const welcome =
  'Write what is needed, for example: milk, eggs and 2 kg flour. /help shows the commands; Ctrl-C stops the house.';

export const help = [
  'A line is a message to the house. A line that begins with / is a command:',
  '  /yes [number]              answer the open question; with one open question, a plain yes does too',
  '  /no [number] [why]         likewise; the house remembers why',
  '  /bought amount [number]    the purchase that waits is bought: /bought 12.40',
  '  /not-bought [number]       it was not; its items stay on the list',
  '  /board                     where everything is, and why',
  '  /approvals                 the open questions again',
  '  /quit                      leave, which stops the house as Ctrl-C does',
  'Instead of a number, the first eight digits of an id will do.',
].join('\n');

/** Control characters that would move the cursor or colour the screen are made visible. */
const harmless = (text: string): string => text.split('\n').map(visible).join('\n');
const indented = (text: string): string => harmless(text).replaceAll(/^/gm, '  ');

/** What the house said. */
export function saying({ persona, kind, text }: Pick<ApiMessage, 'persona' | 'kind' | 'text'>, paint: Paint): string {
  const hint = kind === 'list' ? `\n${paint.dim('  For example: /bought 12.40 or /not-bought')}` : '';
  return `${paint.bold(paint.cyan(harmless(persona ?? 'Majordomo')))}\n${indented(text)}${hint}`;
}

/** A question with how to answer it. */
export function question(
  { persona, text, number, alone }: { persona: string | null; text: string; number: number; alone: boolean },
  paint: Paint,
): string {
  const head = `${paint.bold(paint.cyan(harmless(persona ?? 'Majordomo')))} ${paint.bold(paint.yellow(`asks [${number}]`))}`;
  const ways = alone
    ? 'It is the only open question: answer yes or no (or: /no and why)'
    : `Answer: /yes ${number} or /no ${number} and why`;
  return `${head}\n${indented(text)}\n  ${paint.yellow(ways)}`;
}

/** How a question ended: who decided it, by which way and when; or that nobody did. */
export function ending(
  number: number,
  { status, by, via, at }: { status: string; by: string | null; via: string | null; at: string | null },
): string {
  const when = at === null ? '' : ` at ${moment(at)}`;
  if (status === 'cancelled') return `Question ${number} was withdrawn${when}: it does not stand any more.`;
  if (status === 'expired') return `Question ${number} has expired: nobody answered in time, which means no.`;
  const who = by === null ? '' : ` by ${harmless(by)}${via === null ? '' : ` via ${via}`}`;
  return `Question ${number} is decided: ${status}${who}${when}.`;
}

/** A refusal of the house, with what came before it. */
export function refusal({ title, detail, outcome, errors }: ProblemBody): string {
  const first = outcome
    ? ` It is ${outcome.status}${outcome.by === null ? '' : `, by ${outcome.by}`}${outcome.at === null ? '' : ` at ${moment(outcome.at)}`}.`
    : '';
  return harmless(errors === undefined ? `${title} ${detail}${first}` : detail);
}

/** The purchases that wait for the owner's word. */
export function waitingList(waiting: readonly Waiting[], numberOf: (id: string) => number): string {
  return waiting
    .map(({ purchase, names }) => {
      const state = purchase.status === 'unknown' ? 'not known whether the order went out' : purchase.status;
      return `  ${numberOf(purchase.id)}. ${harmless(names.join(', '))} at ${harmless(purchase.shop)}, about ${purchase.estimate} ${purchase.currency}, ${state}`;
    })
    .join('\n');
}

/** A chain's stages with what is in them. */
export function boardText({ chain, stages, as_of }: Board, paint: Paint): string {
  const rows = stages.flatMap(({ name, counts, items, more }) => [
    `  ${paint.bold(name.padEnd(10))} ${counts.open + counts.claimed + counts.done || '–'}`,
    ...items.map((item) => itemLine(item, paint)),
    ...(more ? ['    …'] : []),
  ]);
  return [`${paint.bold(chain)} ${paint.dim(moment(as_of))}`, ...rows].join('\n');
}

function itemLine(item: ApiItem, paint: Paint): string {
  const what = harmless([item.title, item.quantity].filter((part) => part !== null).join(' '));
  const state = item.overdue ? paint.red(`${item.stage_state}, overdue`) : item.stage_state;
  const why = [item.reason, item.next_action && `Next: ${item.next_action}`].filter(Boolean).join(' ');
  return `    ${what} — ${state}${item.status === 'open' && why !== '' ? paint.dim(` — ${harmless(why)}`) : ''}`;
}

/** On the clock of this machine. */
export function moment(iso: string): string {
  return new Date(iso).toLocaleString('en-GB', { dateStyle: 'medium', timeStyle: 'short' });
}
