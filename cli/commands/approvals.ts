import colors from 'picocolors';
import { pageLimit, parseResponse } from '../../client/index.ts';
import type { ApiApproval } from '../../contracts/api.ts';
import { approvalStatuses } from '../../contracts/approvals.ts';
import { visible } from '../../contracts/card.ts';
import { ask } from '../ask.ts';
import { moment } from '../console/words.ts';
import { shortId } from '../short-id.ts';
import { table } from '../table.ts';
import { type Command, jsonFlag, WrongUsage } from './command.ts';

const choices = [...approvalStatuses, 'all'] as const;

export const approvalsCommand: Command = {
  name: 'approvals',
  summary: 'show what the house asks you, newest first',
  flags: [jsonFlag, ['--status <status>', `${choices.join(', ')}; pending unless told`]],
  run: (context, { flags }) => {
    const wanted = choices.find((each) => each === (flags['status'] ?? 'pending'));
    if (wanted === undefined) throw new WrongUsage(`--status is one of ${choices.join(', ')}.`);
    const query = { limit: pageLimit, ...(wanted !== 'all' && { status: wanted }) };
    return ask(context, { json: flags['json'] === true }, async ({ house }) => {
      const found = await parseResponse(house.approvals.$get({ query }));
      if (flags['json']) context.out(JSON.stringify(found));
      else for (const line of [...linesOf(found.approvals), ...cardsOf(found.approvals)]) context.out(line);
      if (found.next !== null) context.say(`There are more than these ${pageLimit}.`);
      return 0;
    });
  },
};

function linesOf(approvals: ApiApproval[]): string[] {
  const rows = approvals.map(({ id, status, risk_tier, created_at, decided_by, expires_at, card }) => [
    shortId(id),
    status,
    risk_tier,
    moment(created_at),
    status === 'pending' ? `until ${moment(expires_at)}` : (decided_by?.replace(/(?<=:.{8}).*/, '') ?? '–'),
    card.split('\n')[0] ?? '',
  ]);
  if (rows.length === 0) return ['Nothing waits for an answer.'];
  return table(['id', 'status', 'risk', 'asked', 'answer', 'question'], rows);
}

/** Who decides must have read the whole card. */
function cardsOf(approvals: ApiApproval[]): string[] {
  const open = approvals.filter(({ status }) => status === 'pending');
  const cards = open.flatMap(({ id, card }) => [
    '',
    colors.bold(shortId(id)),
    ...card.split('\n').map((line) => `  ${visible(line)}`),
  ]);
  return open.length === 0
    ? []
    : [...cards, '', 'To answer: npx majordomo approve <id>, or reject <id> --feedback <why>'];
}
