import { readFile, rm } from 'node:fs/promises';
import { firstKeyPath } from '../../adapters/first-key.ts';
import { demoHouse } from '../demo/house.ts';
import type { DemoHouse } from '../demo/house.ts';
import { resultOf } from '../demo/record.ts';
import type { DemoResult, StoryRecord } from '../demo/record.ts';
import { openShop } from '../demo/shop.ts';
import type { Shop } from '../demo/shop.ts';
import { listArrivals, restOwner } from '../demo/rest-owner.ts';
import { playGroceries } from '../demo/story.ts';
import { createClient, type HouseClient } from '../../client/index.ts';
import { chatArrivals, type DemoTelegram, openTelegram, telegramOwner } from '../demo/telegram-owner.ts';
import { runHouse } from '../run-house.ts';
import { apiAddress } from '../supervisor/house.ts';
import { type Command, WrongUsage } from './command.ts';

const channels = ['owner', 'email', 'telegram'] as const;
type Channel = (typeof channels)[number];

const channelOf = (given: unknown): Channel | undefined => channels.find((each) => each === (given ?? 'owner'));

export const demoCommand: Command = {
  name: 'demo',
  summary: 'play groceries from need to bought in a house of its own, with the evidence of each stage',
  flags: [
    ['--json', 'end with one JSON object on stdout; all else goes to stderr'],
    [
      '--channel <name>',
      'owner (the default: the list comes to you), email (to a shop by SMTP) or telegram (in a chat)',
    ],
    ['--keep', 'keep the state folder'],
  ],
  run: async ({ env, out, say }, { flags }) => {
    const channel = channelOf(flags['channel']);
    if (channel === undefined)
      throw new WrongUsage('There is no such channel; write --channel owner or --channel email or --channel telegram.');
    const tell = flags['json'] ? say : out;
    const shop = channel === 'email' ? await openShop() : undefined;
    const telegram = channel === 'telegram' ? await openTelegram() : undefined;
    try {
      const result = await inItsOwnHouse({ env, shop, telegram, tell, say, keep: flags['keep'] === true });
      tell(verdictOf(result));
      if (flags['json']) out(JSON.stringify(result));
      return result.ok ? 0 : 1;
    } finally {
      await shop?.close();
      await telegram?.api.stop();
    }
  },
};

interface Stage {
  env: NodeJS.ProcessEnv;
  shop: Shop | undefined;
  telegram: DemoTelegram | undefined;
  tell: (line: string) => void;
  say: (line: string) => void;
}

/** Makes a house for the story and removes it afterwards, unless it is to be kept. */
async function inItsOwnHouse({ env, keep, ...stage }: Stage & { keep: boolean }): Promise<DemoResult> {
  const house = await demoHouse(env, { ...stage.shop?.env, ...stage.telegram?.env }, keep);
  const { root, engines } = house.config.home;
  try {
    return await play(house, stage);
  } finally {
    if (keep) stage.tell(`Kept; to look around: MAJORDOMO_HOME=${root} MAJORDOMO_ENGINES=${engines} npm start`);
    else await rm(root, { recursive: true, force: true });
  }
}

/** Runs the house and the story in it. Never throws: what went wrong stands in the result. */
async function play({ config, env }: DemoHouse, stage: Omit<Stage, 'env'>): Promise<DemoResult> {
  const { shop, tell, say } = stage;
  const begun = Date.now();
  const record: StoryRecord = { stages: [], workflowIds: new Set() };
  let seconds = 0;
  const passed = () => Math.round(Date.now() - begun) / 1000;
  tell(`Starting a house in ${config.home.root} …`);
  try {
    const end = await runHouse({
      config,
      env,
      say,
      serve: async (signal) => {
        tell(
          `The house is up after ${passed().toFixed(1)} s: ${apiAddress(config)}, orders by ${shop ? 'e-mail' : 'list'}`,
        );
        const key = (await readFile(firstKeyPath(config.home.root), 'utf8')).trim();
        const house = createClient({ address: apiAddress(config), key, signal });
        await playGroceries({ house, ...peopleOf(stage, house, signal), say: tell, record, signal });
        seconds = passed();
      },
    });
    return end === 'served' ? resultOf(record, seconds) : resultOf(record, passed(), 'It was stopped before its end.');
  } catch (error) {
    return resultOf(record, passed(), error instanceof Error ? error.message : String(error));
  }
}

/** Who the owner is, and who looks at the other end of an order. */
function peopleOf({ shop, telegram, tell }: Omit<Stage, 'env'>, house: HouseClient, signal: AbortSignal) {
  if (telegram !== undefined) {
    const { api } = telegram;
    return { owner: telegramOwner({ house, api, say: tell, signal }), arrivals: chatArrivals(house, api) };
  }
  return { owner: restOwner(house, signal), arrivals: shop?.arrivals ?? listArrivals(house) };
}

function verdictOf({ ok, stages, seconds, error }: DemoResult): string {
  if (ok) return `All ${stages.length} stages have their evidence, after ${seconds.toFixed(1)} s.`;
  const missing = stages.filter(({ state }) => state === 'missing').map(({ item, stage }) => `${stage} of ${item}`);
  const why = error === undefined ? '' : `${error}\n`;
  return `${why}Without evidence: ${missing.join(', ') || 'no stage'}. With --keep the logs stay.`;
}
