import { randomUUID } from 'node:crypto';
import { type HouseClient, pageLimit, parseResponse } from '../client/index.ts';
import { visible } from '../contracts/card.ts';
import type { Verdict } from '../contracts/approvals.ts';
import { ask } from './ask.ts';
import type { CommandContext } from './commands/command.ts';
import { pickId, shortId } from './short-id.ts';

/** Says yes or no to an approval by its id or the first digits of it; resolves with the exit code. */
export function decide(
  context: CommandContext,
  {
    verdict,
    id: given,
    feedback,
    json,
  }: { verdict: Verdict; id: string | undefined; feedback?: string; json: boolean },
): Promise<number> {
  return ask(context, { json }, async ({ house }) => {
    const id = await pickId(given, { one: 'approval', list: 'npx majordomo approvals', all: () => recentIds(house) });
    const { approval } = await parseResponse(house.approvals[':id'].$get({ param: { id } }));
    // One press is one decision: the id lets the house know its repeats.
    const body = { verdict, decision_id: randomUUID(), ...(feedback !== undefined && { feedback }) };
    const decided = await parseResponse(house.approvals[':id'].decide.$post({ param: { id }, json: body }));
    if (json) context.out(JSON.stringify(decided));
    else context.out(`${shortId(id)} ${wordOf(decided.status)}: ${visible(approval.card.split('\n')[0] ?? '')}`);
    return 0;
  });
}

const wordOf = (status: string): string =>
  status === 'recorded' ? 'is recorded, and counts as soon as the house can process it' : `is ${status}`;

/** What waits, however old, and the newest of all, so that one that was decided is found too. */
async function recentIds(house: HouseClient): Promise<string[]> {
  const pages = await Promise.all([
    parseResponse(house.approvals.$get({ query: { status: 'pending', limit: pageLimit } })),
    parseResponse(house.approvals.$get({ query: { limit: pageLimit } })),
  ]);
  return pages.flatMap(({ approvals }) => approvals.map(({ id }) => id));
}
