import { condition, defineSignal, proxyActivities, proxyLocalActivities, setHandler } from '@temporalio/workflow';
import type { BareActivities } from './activities.ts';

/** What the house is measured against: Temporal and nothing else. Time limits are those of the house's own steps. */

const durable = proxyActivities<BareActivities>({ startToCloseTimeout: '10s' });
const local = proxyLocalActivities<BareActivities>({ startToCloseTimeout: '5s' });

export const goSignal = defineSignal('go');

export async function trivial(): Promise<void> {}

/** As many activities, one after the other; the local ones lie evenly between the others. */
export async function inTurn({ regular, local: locals }: { regular: number; local: number }): Promise<void> {
  let done = 0;
  for (let step = 1; step <= regular; step++) {
    await durable.nothing();
    for (; done * regular < step * locals; done++) await local.nothing();
  }
}

/** Waits for a signal, then runs one activity: with inserts when there are any, else an empty one. */
export async function signalled({ effectId, inserts }: { effectId: string; inserts: number }): Promise<void> {
  let told = false;
  setHandler(goSignal, () => {
    told = true;
  });
  await condition(() => told);
  await (inserts > 0 ? durable.insert({ effectId, inserts }) : durable.nothing());
}
