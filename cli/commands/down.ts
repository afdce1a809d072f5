import { setTimeout as wait } from 'node:timers/promises';
import { houseFileOf } from '../supervisor/house.ts';
import { isSame } from '../supervisor/identity.mjs';
import { runningHouse } from '../supervisor/lock.ts';
import type { Command } from './command.ts';

/** A house stops within 10 s; the rest is for a busy machine. */
const stopWithinMs = 20_000;
const pollMs = 50;

export const downCommand: Command = {
  name: 'down',
  summary: 'stop the running house',
  run: async ({ config, out, say }) => {
    const house = runningHouse(houseFileOf(config()));
    if (house === undefined) {
      out('The house does not run.');
      return 0;
    }
    process.kill(house.supervisor.pid, 'SIGTERM');
    const deadline = Date.now() + stopWithinMs;
    while (isSame(house.supervisor)) {
      if (Date.now() > deadline) {
        say(`Process ${house.supervisor.pid} did not stop within ${stopWithinMs / 1000} s.`);
        return 1;
      }
      await wait(pollMs);
    }
    out('The house is stopped.');
    return 0;
  },
};
