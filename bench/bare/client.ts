import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { BenchDatabase } from '../database.ts';
import type { ActivityCount } from '../histories.ts';
import { untilIdle } from '../idle.ts';
import { timed, type Window } from '../timing.ts';
import { bareTaskQueue as taskQueue } from './queue.ts';
import { goSignal } from './workflows.ts';

/** One measurement: which workflow, when, and for how many milliseconds. */
export interface BareRun {
  ms: number;
  workflowId: string;
  window: Window;
}

/** What the house's story is compared with, in milliseconds each. */
export function createBare(client: Client, database: BenchDatabase) {
  const named = (type: string) => `bare-${type}-${randomUUID()}`;

  async function signalled(
    input: { effectId: string; inserts: number },
    done: (id: string) => Promise<unknown>,
  ): Promise<BareRun> {
    const workflowId = named('signalled');
    const handle = await client.workflow.start('signalled', { workflowId, taskQueue, args: [input] });
    await untilIdle(client, [workflowId]);
    const from = Date.now();
    const [ms] = await timed(() => Promise.all([done(workflowId), handle.signal(goSignal)]));
    await handle.result();
    return { ms, workflowId, window: { from, to: from + ms } };
  }

  return {
    /** `workflow.start` of a workflow that does nothing. */
    async start(): Promise<number> {
      const [ms, handle] = await timed(() =>
        client.workflow.start('trivial', { workflowId: named('trivial'), taskQueue }),
      );
      await handle.result();
      return ms;
    },
    /** From start to result of a workflow with so many empty activities in turn. */
    async activities(count: ActivityCount): Promise<BareRun> {
      const workflowId = named('in-turn');
      const from = Date.now();
      const [ms] = await timed(() => client.workflow.execute('inTurn', { workflowId, taskQueue, args: [count] }));
      return { ms, workflowId, window: { from, to: from + ms } };
    },
    /** From a signal to the last of so many inserts that one activity commits. */
    async signalToInserts(inserts: number): Promise<BareRun> {
      const effectId = randomUUID();
      return signalled({ effectId, inserts }, () => database.until('effect', effectId));
    },
    /** From a signal to the result of a workflow whose one activity is empty. */
    async signalToNothing(): Promise<BareRun> {
      const input = { effectId: randomUUID(), inserts: 0 };
      return signalled(input, (id) => client.workflow.getHandle(id).result());
    },
  };
}

export type Bare = ReturnType<typeof createBare>;
