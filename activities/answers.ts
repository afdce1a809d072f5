import type { CaptureReport, Noted } from '../adapters/store/groceries.ts';
import { visible } from '../contracts/card.ts';
import { format, type Quantity } from '../contracts/quantity.ts';
import { howMuch } from './chains/groceries.ts';

const withAmount = (name: string, quantity: Quantity): string => `${visible(name)} ${format(quantity)}`;
const noted = ({ name, quantity, usual }: Noted): string => `${withAmount(name, quantity)}${usual ? ' (usual)' : ''}`;
const names = (all: readonly string[]): string => all.map(visible).join(', ');

function sentence(lead: string, parts: readonly string[]): string[] {
  return parts.length === 0 ? [] : [`${lead} ${parts.join(', ')}.`];
}

function buyNow(outcome: CaptureReport['buyNow']): string[] {
  if (outcome === null) return [];
  return [
    outcome === 'asked' ? 'I will ask you about the purchase.' : 'There is nothing on the list that can be bought now.',
  ];
}

function removals({ cancelled, tooLate, notListed }: CaptureReport): string[] {
  const gone = cancelled.map(({ name, quantity }) => (quantity === null ? visible(name) : withAmount(name, quantity)));
  return [
    ...sentence('Taken off the list:', gone),
    ...(tooLate.length === 0
      ? []
      : [
          `Too late, already ordered: ${names(tooLate)}. If it is not bought after all, confirm the purchase as “not bought”.`,
        ]),
    ...sentence('Not on the list:', notListed.map(visible)),
  ];
}

/** What the owner is told about a message, made from the facts of its capture alone. */
export function answerText(report: CaptureReport): string {
  const lines = [
    ...sentence('Noted:', report.noted.map(noted)),
    ...sentence('Completed:', report.completed.map(noted)),
    ...sentence(
      'Together now:',
      report.totals.map(({ name, quantity }) => withAmount(name, quantity)),
    ),
    ...removals(report),
    ...buyNow(report.buyNow),
    ...report.questions.map((name) => howMuch(visible(name))),
    ...report.notUnderstood.map((text) => `I did not understand: “${visible(text)}”`),
  ];
  if (lines.length === 0) lines.push('I found no groceries in that. For example: 2 l milk, eggs and 500 g flour');
  if (report.reader === 'offline') lines.push('(offline reader)');
  return lines.join('\n');
}
