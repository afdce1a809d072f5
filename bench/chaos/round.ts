import { setTimeout as wait } from 'node:timers/promises';
import type { Control } from './control.ts';
import { untilTrue } from '../../cli/demo/until.ts';
import { type Errands, patience } from './errands.ts';
import type { Owner } from './owners.ts';
import type { Kill } from './plan.ts';
import type { Target } from './points.ts';

/** Milliseconds without another arrival after which those that stand at the point are all that come. */
const quietMs = 300;

export interface RoundParts {
  owners: readonly Owner[];
  errands: Errands;
  control: Control;
  /** Kills what runs of the target; how many processes that were. */
  kill: (target: Target) => number;
  signal: AbortSignal;
}

/** How many purchases stood at the point when the part was killed, of how many that were on their way. */
export interface Hit {
  held: number;
  inFlight: number;
}

/**
 * One kill: every owner wants the same thing, all say yes at once, and the part dies while purchases stand at the point.
 * Ends when everything is bought.
 */
export async function playRound(
  { owners, errands, control, kill, signal }: RoundParts,
  { target, point, thing }: Kill,
): Promise<Hit> {
  await Promise.all(owners.map((owner) => errands.ask(owner, thing)));
  const gates = await Promise.all(owners.map(async (owner) => ({ owner, approvalId: await errands.gate(owner) })));
  control.arm(point);
  try {
    const said = Promise.all(gates.map(({ owner, approvalId }) => errands.approve(owner, approvalId)));
    // What fails is thrown below: until then the house is watched.
    said.catch(() => {});
    const held = await allThatCome(control, owners.length, signal);
    if (kill(target) === 0) throw new Error(`Nothing of ${target} ran that could be killed.`);
    control.release();
    await said;
    await Promise.all(owners.map(errands.finish));
    return { held, inFlight: owners.length };
  } finally {
    control.release();
  }
}

async function allThatCome(control: Control, most: number, signal: AbortSignal): Promise<number> {
  await untilTrue(signal, patience)('a purchase comes to the point', async () => control.arrived() > 0 || undefined);
  for (;;) {
    const before = control.arrived();
    await wait(quietMs, undefined, { signal });
    if (control.arrived() === before || before >= most) return control.arrived();
  }
}
