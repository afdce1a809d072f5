import { setMaxListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { demoHouse } from '../../cli/demo/house.ts';
import { shopSettings } from '../../cli/demo/shop.ts';
import { NotInTime } from '../../cli/demo/until.ts';
import { runHouse } from '../../cli/run-house.ts';
import { apiAddress } from '../../cli/supervisor/house.ts';
import { openControl } from './control.ts';
import { createErrands } from './errands.ts';
import { databaseOf, heldServices, kill } from './house.ts';
import { makeOwners, type Owner } from './owners.ts';
import { type Kill, planKills } from './plan.ts';
import { playRound, type RoundParts } from './round.ts';
import { openShop } from './shop.ts';
import { judge, type Verdict } from './verdict.ts';

/** Most kills that one set of owners lives through: each spends an euro of a week's 120 per kill. */
const killsPerOwners = 100;

export interface Options {
  kills: number;
  seed: number;
  /** This many seeds, from `seed` on, each with `kills`. */
  seeds: number;
  /** Purchases in flight per kill. */
  owners: number;
  env: NodeJS.ProcessEnv;
  say: (line: string) => void;
}

export interface Result {
  kills: number;
  /** Kills by `target/point` at which at least one purchase stood. */
  failpointsHit: Record<string, number>;
  intents: number;
  lost: number;
  doubled: number;
  unknown: number;
  wrong: number;
  /** What the oracle found, for people. */
  findings: string[];
  heldPerKill: number;
  inFlightPerKill: number;
  secondsPerKill: number;
}

/** Kills a house of its own again and again while many buy groceries in it, and lets the shop's log judge. */
export async function runGroceries({ env, say, ...options }: Options): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'majordomo-chaos-'));
  const shop = await openShop(join(folder, 'shop.jsonl'));
  const control = await openControl();
  const house = await demoHouse(env, shopSettings(shop.port));
  let result: Result | undefined;
  try {
    await runHouse({
      ...house,
      say,
      services: heldServices(control.url),
      // A house that is killed all day is not one that cannot run.
      backoff: { firstMs: 200, mostMs: 400 },
      serve: async (signal) => {
        // Every wait of every owner listens to it.
        setMaxListeners(0, signal);
        const core = databaseOf(house);
        try {
          const errands = createErrands({ api: apiAddress(house.config), core, shop, signal });
          const parts = { errands, control, signal, kill: (target: Kill['target']) => kill(house, target) };
          const { owners, tally, stuck } = await playAll(options, {
            parts,
            makeOwners: (n) => makeOwners(core, n),
            say,
          });
          const verdict = await judge(core, shop, owners);
          result = { ...tally, ...toNumbers({ ...verdict, lost: [...stuck, ...verdict.lost] }) };
        } finally {
          await core.close();
        }
      },
    });
    if (result === undefined) throw new Error('The run was stopped before its end.');
    return result;
  } finally {
    await Promise.all([control.close(), shop.close()]);
    const failed = result === undefined || result.findings.length > 0;
    if (failed) say(`Kept for a look: ${house.config.home.root} and ${folder}`);
    else await Promise.all([house.config.home.root, folder].map((path) => rm(path, { recursive: true, force: true })));
  }
}

interface Scene {
  parts: Omit<RoundParts, 'owners'>;
  makeOwners: (count: number) => Promise<Owner[]>;
  say: (line: string) => void;
}

/** What does not come to its end in time is lost, and the kills end there: a house that is stuck proves no more. */
async function playAll({ kills, seed, seeds, owners: count }: Omit<Options, 'env' | 'say'>, scene: Scene) {
  const { parts, say } = scene;
  const all: Owner[] = [];
  const hits: Record<string, number> = {};
  let [done, held] = [0, 0];
  const begun = Date.now();
  const tally = () => ({
    kills: done,
    failpointsHit: hits,
    heldPerKill: round(held / done),
    inFlightPerKill: count,
    secondsPerKill: round((Date.now() - begun) / 1000 / done),
  });
  for (let offset = 0; offset < seeds; offset++) {
    let owners: Owner[] = [];
    for (const [index, one] of planKills(kills, seed + offset).entries()) {
      if (index % killsPerOwners === 0) all.push(...(owners = await scene.makeOwners(count)));
      const at = Date.now();
      const hit = await playRound({ ...parts, owners }, one).catch((error: unknown) => {
        if (error instanceof NotInTime) return error;
        throw error;
      });
      done += 1;
      if (hit instanceof NotInTime) return { owners: all, tally: tally(), stuck: [hit.message] };
      const name = `${one.target}/${one.point}`;
      hits[name] = (hits[name] ?? 0) + 1;
      held += hit.held;
      const seconds = ((Date.now() - at) / 1000).toFixed(1);
      say(`seed ${seed + offset} ${name.padEnd(26)} ${hit.held} of ${hit.inFlight} stood there; ${seconds} s`);
    }
  }
  return { owners: all, tally: tally(), stuck: [] };
}

function toNumbers({ intents, lost, doubled, unknown, wrong }: Verdict) {
  return {
    intents,
    lost: lost.length,
    doubled: doubled.length,
    unknown,
    wrong: wrong.length,
    findings: [...lost, ...doubled, ...wrong],
  };
}

const round = (value: number): number => Math.round(value * 10) / 10;
