import { type Client, type ScheduleOptions, ScheduleNotFoundError } from '@temporalio/client';
import { taskQueue } from '../contracts/names.ts';
import type { ScheduleSpec } from './specs.ts';

/** Marks the schedules that belong to the code, so that an owner's own ones are left alone. */
const marker = 'majordomo-code';

const optionsOf = (spec: ScheduleSpec): ScheduleOptions => ({
  scheduleId: spec.id,
  spec: { intervals: [{ every: spec.everyMs }] },
  action: { type: 'startWorkflow', workflowType: spec.workflowType, workflowId: spec.id, taskQueue, args: [] },
  policies: { overlap: spec.overlap, catchupWindow: spec.catchupWindowMs },
  memo: { [marker]: true },
  state: { note: spec.note },
});

/**
 * Makes Temporal's schedules those of the code: creates, updates, and removes what the code no longer has. A pause that
 * an operator set stays.
 */
export async function reconcileSchedules(client: Client, specs: readonly ScheduleSpec[]): Promise<void> {
  for (const spec of specs) {
    await createOrUpdate(client, spec);
  }
  const known = new Set(specs.map((spec) => spec.id));
  for await (const { scheduleId, memo } of client.schedule.list()) {
    if (memo?.[marker] === true && !known.has(scheduleId)) {
      await client.schedule.getHandle(scheduleId).delete();
    }
  }
}

async function createOrUpdate(client: Client, spec: ScheduleSpec): Promise<void> {
  const options = optionsOf(spec);
  const handle = client.schedule.getHandle(spec.id);
  try {
    await handle.update((previous) => ({ ...options, state: { ...previous.state, note: spec.note } }));
  } catch (error) {
    if (!(error instanceof ScheduleNotFoundError)) {
      throw error;
    }
    await client.schedule.create(options);
  }
}
