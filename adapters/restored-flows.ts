import { WorkflowExecutionAlreadyStartedError } from '@temporalio/client';
import { reconcileGrace } from '../contracts/defaults.ts';
import { taskQueue, workflowTypes } from '../contracts/names.ts';
import { createHouseWorkflows } from './house-workflows.ts';
import type { TemporalConnection } from './temporal.ts';

const waiting = [workflowTypes.item, workflowTypes.approval, workflowTypes.purchase];

/**
 * Flows that come out of a backup are older than Postgres: each that runs looks there again, and a reconcile starts those
 * that are missing, once every row is old enough for it. Resolves with how many were told; safe to repeat.
 */
export async function wakeRestoredFlows({ client }: TemporalConnection): Promise<number> {
  const workflows = createHouseWorkflows(client, taskQueue);
  const types = waiting.map((type) => `WorkflowType = '${type}'`).join(' OR ');
  let told = 0;
  for await (const { workflowId } of client.workflow.list({ query: `ExecutionStatus = 'Running' AND (${types})` })) {
    await workflows.nudge(workflowId);
    told += 1;
  }
  try {
    await client.workflow.start(workflowTypes.reconcile, {
      workflowId: 'reconcile-after-restore',
      taskQueue,
      args: [],
      startDelay: reconcileGrace,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  return told;
}
