import { randomUUID } from 'node:crypto';
import { parseResponse } from '../../client/index.ts';
import type { EvidenceRequest } from '../../contracts/api.ts';
import { visible } from '../../contracts/card.ts';
import { ask } from '../ask.ts';
import { waitingPurchases } from '../console/purchases.ts';
import { pickId, shortId } from '../short-id.ts';
import { type Command, type CommandContext, jsonFlag, WrongUsage } from './command.ts';

const purchase = ['[purchase]', 'which one, when more than one waits; its first digits will do'] as const;

export const boughtCommand: Command = {
  name: 'bought',
  summary: 'say that the purchase that waits for your word is bought, and what was paid',
  takes: [['<amount>', 'what was paid, such as 12.40'], purchase],
  flags: [jsonFlag],
  run: (context, { flags, args: [amount = '', given] }) =>
    confirm(context, { word: { stage: 'bought', verdict: 'bought', amount }, given, json: flags['json'] === true }),
};

export const notBoughtCommand: Command = {
  name: 'not-bought',
  summary: 'say that it was not; its items stay on the list',
  takes: [purchase],
  flags: [jsonFlag],
  run: (context, { flags, args: [given] }) =>
    confirm(context, { word: { stage: 'bought', verdict: 'not_bought' }, given, json: flags['json'] === true }),
};

function confirm(
  context: CommandContext,
  { word, given, json }: { word: EvidenceRequest; given: string | undefined; json: boolean },
): Promise<number> {
  return ask(context, { json }, async ({ house }) => {
    const waiting = await waitingPurchases(house);
    const ids = waiting.map((each) => each.purchase.id);
    if (given === undefined && ids.length > 1)
      throw new WrongUsage(`More than one purchase waits: write which, of ${ids.map(shortId).join(' or ')}`);
    const id =
      given === undefined
        ? ids[0]
        : await pickId(given, { one: 'purchase that waits', list: 'npx majordomo board', all: async () => ids });
    const meant = waiting.find((each) => each.purchase.id === id);
    if (meant === undefined) throw new WrongUsage('No such purchase waits for your word; see npx majordomo board');
    const request = { param: { id: meant.itemId }, json: word };
    const headers = { 'idempotency-key': randomUUID() };
    const recorded = await parseResponse(house.pipelines.items[':id'].evidence.$post(request, { headers }));
    if (json) context.out(JSON.stringify(recorded));
    else context.out(`Recorded: ${meant.names.map(visible).join(', ')} — ${paidOf(word, meant.purchase.currency)}.`);
    return 0;
  });
}

const paidOf = (word: EvidenceRequest, currency: string): string =>
  word.verdict === 'bought' ? `bought for ${word.amount} ${currency}` : 'not bought';
