import { join } from 'node:path';
import type { Config } from '../config.ts';
import { stopAll } from '../supervisor/guard.ts';
import { houseFileOf } from '../supervisor/house.ts';
import type { Identity } from '../supervisor/identity.mjs';
import { AlreadyRunning, runningHouse, takeHouse } from '../supervisor/lock.ts';

/** What the house is doing while it is copied; both undefined when it does not run. */
export interface Still {
  /** Temporal's process. */
  temporal: Identity | undefined;
  /** Where its Postgres listens, whatever our own settings say. */
  postgresPort: number | undefined;
}

/** The house cannot be copied at this moment; trying again helps. */
export class NotNow extends Error {
  override name = 'NotNow';
}

/** Copies a house that runs, or one that cannot start meanwhile; one copy at a time, for two would wake Temporal for each other. */
export async function whileItStands<T>(
  config: Config,
  say: (line: string) => void,
  copy: (still: Still) => Promise<T>,
): Promise<T> {
  const lock = oneAtATime(join(config.home.run, 'backup.json'));
  try {
    const running = runningHouse(houseFileOf(config));
    if (running === undefined) return await whileStopped(config, say, copy);
    const temporal = running.children.find(({ name }) => name === 'temporal');
    if (temporal === undefined || !running.children.some(({ name }) => name === 'postgres'))
      throw new NotNow('The house is starting or stopping; try again when it is up, or down.');
    return await copy({ temporal, postgresPort: Number(running.addresses['postgres']?.split(':').at(-1)) });
  } finally {
    lock.release();
  }
}

async function whileStopped<T>(config: Config, say: (line: string) => void, copy: (still: Still) => Promise<T>) {
  const lock = takeHouse(houseFileOf(config));
  try {
    if (lock.leftovers.length > 0) say('Stopping what an earlier start left …');
    await stopAll(lock.leftovers);
    return await copy({ temporal: undefined, postgresPort: undefined });
  } finally {
    lock.release();
  }
}

function oneAtATime(file: string) {
  try {
    return takeHouse(file);
  } catch (error) {
    if (error instanceof AlreadyRunning)
      throw new NotNow('Another backup of this house is being made.', { cause: error });
    throw error;
  }
}
