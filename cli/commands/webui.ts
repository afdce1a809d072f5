import { parseResponse } from '../../client/index.ts';
import { type View, viewNames, views } from '../../contracts/web-ui.ts';
import { ask } from '../ask.ts';
import { type Command, jsonFlag, WrongUsage } from './command.ts';

const described = views.map((view) => `${view} (${viewNames[view].toLowerCase()})`).join(', ');

function viewOf(given: unknown): View {
  const view = views.find((each) => each === (given ?? 'all'));
  if (view === undefined) throw new WrongUsage(`There is no such view; write --view with one of ${views.join(', ')}.`);
  return view;
}

export const webUiCommand: Command = {
  name: 'webui',
  summary: "print a link that logs a browser in to Temporal's Web UI, once",
  flags: [['--view <name>', `what the list shows: ${described}`], jsonFlag],
  run: (context, { flags }) => {
    const json = flags['json'] === true;
    const view = viewOf(flags['view']);
    return ask(context, { json }, async ({ house, address }) => {
      const given = await parseResponse(house.ui.links.$post({ json: { view } }));
      const { pathname, hash } = new URL(given.url);
      // Behind a proxy the house knows neither that it is https nor the name: what reached it here reaches it there.
      const link = { ...given, url: new URL(`${pathname}${hash}`, address).href };
      context.out(json ? JSON.stringify(link) : link.url);
      context.say(`It opens once, until ${link.expires_at}; the login lasts twelve hours.`);
      return 0;
    });
  },
};
