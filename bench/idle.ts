import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';
import { quietMs } from './timing.ts';

const pollMs = 20;

/**
 * Resolves when every workflow is there and none of them has a task or an activity under way, and a moment has passed:
 * people answer seconds after they were asked, not while the house still tidies up.
 */
export async function untilIdle(client: Client, workflowIds: readonly string[]): Promise<void> {
  const busy = async (workflowId: string): Promise<boolean> => {
    try {
      const { raw } = await client.workflow.getHandle(workflowId).describe();
      return (raw.pendingActivities?.length ?? 0) > 0 || Boolean(raw.pendingWorkflowTask);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return true;
      throw error;
    }
  };
  while ((await Promise.all(workflowIds.map(busy))).includes(true)) await wait(pollMs);
  await wait(quietMs);
}
