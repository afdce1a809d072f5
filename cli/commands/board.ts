import colors from 'picocolors';
import { parseResponse } from '../../client/index.ts';
import { ask } from '../ask.ts';
import { boardsOf } from '../console/purchases.ts';
import { boardText } from '../console/words.ts';
import { type Command, jsonFlag } from './command.ts';

export const boardCommand: Command = {
  name: 'board',
  summary: 'show where everything is, and why',
  takes: [['[chain]', 'one chain alone, such as groceries']],
  flags: [jsonFlag],
  run: (context, { flags, args: [chain] }) =>
    ask(context, { json: flags['json'] === true }, async ({ house }) => {
      const boards =
        chain === undefined
          ? await boardsOf(house)
          : [
              await parseResponse(
                house.pipelines[':chain'].board.$get({ param: { chain: encodeURIComponent(chain) } }),
              ),
            ];
      if (flags['json']) context.out(JSON.stringify({ boards }));
      else for (const board of boards) context.out(boardText(board, colors));
      return 0;
    }),
};
