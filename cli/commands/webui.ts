import { readFile } from 'node:fs/promises';
import { firstKeyPath } from '../../adapters/first-key.ts';
import { type View, viewNames, views } from '../../contracts/web-ui.ts';
import { createHouseClient } from '../house-client.ts';
import { apiAddress } from '../supervisor/house.ts';
import type { Command } from './command.ts';

const viewOf = (given: unknown): View | undefined => views.find((each) => each === (given ?? 'all'));
const described = views.map((view) => `${view} (${viewNames[view].toLowerCase()})`).join(', ');

export const webUiCommand: Command = {
  name: 'webui',
  summary: "print a link that logs a browser in to Temporal's Web UI, once",
  flags: [
    ['--view <name>', `what the list shows: ${described}`],
    ['--json', 'answer with one JSON object'],
  ],
  run: async ({ config: settings, out, say }, { flags }) => {
    const view = viewOf(flags['view']);
    if (view === undefined) {
      say(`There is no such view; write --view with one of ${views.join(', ')}.`);
      return 1;
    }
    const config = settings();
    const file = firstKeyPath(config.home.root);
    const key = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw new Error(`There is no key in ${file}: start the house first, with npm start.`, { cause });
    });
    const never = new AbortController().signal;
    const house = createHouseClient({ address: apiAddress(config), key: key.trim(), signal: never });
    const link = await house.webUiLink(view);
    out(flags['json'] ? JSON.stringify(link) : link.url);
    say(`It opens once, until ${link.expires_at}; the login lasts twelve hours.`);
    return 0;
  },
};
