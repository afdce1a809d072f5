import { once } from 'node:events';
import { houseServices } from './services.ts';
import { openHouse } from './supervisor/house.ts';
import type { HouseOptions } from './supervisor/house.ts';

export interface RunOptions extends Omit<HouseOptions, 'services'> {
  /** Worker and api, unless told otherwise. */
  services?: HouseOptions['services'] | undefined;
  /** Called once everything serves. The house stops when it ends; the signal asks it to end. */
  serve: (signal: AbortSignal) => Promise<unknown>;
}

const stopSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Runs a house as long as `serve` does, at most until the process is told to stop; resolves when everything is stopped
 * with which of the two it was. Throws what the start or `serve` threw, after everything is stopped.
 */
export async function runHouse({
  serve,
  services = houseServices,
  ...options
}: RunOptions): Promise<'served' | 'told'> {
  const house = await openHouse({ ...options, services });
  const told = stopSignal();
  const serving = house.started.then(() => serve(told));
  try {
    return await Promise.race([serving.then(() => 'served' as const), untilAborted(told).then(() => 'told' as const)]);
  } finally {
    options.say('Stopping …');
    const begun = Date.now();
    // What was still starting or being served may fail because it is stopped.
    serving.catch(() => {});
    await house.stop();
    options.say(`Everything is stopped (${((Date.now() - begun) / 1000).toFixed(1)} s)`);
  }
}

/** Resolves when the signal is aborted. */
export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}

/** Aborts when the process is told to stop. From now on such signals do nothing else: what follows is to be finished. */
function stopSignal(): AbortSignal {
  const stop = new AbortController();
  for (const signal of stopSignals) process.on(signal, () => stop.abort());
  return stop.signal;
}
