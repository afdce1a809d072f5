import type { ScheduleOverlapPolicy } from '@temporalio/client';
import { reconcileEvery } from '../contracts/defaults.ts';
import { scheduleIds, workflowTypes } from '../contracts/names.ts';

/** A schedule as data; `catchupWindowMs` and `overlap` are always said. */
export interface ScheduleSpec {
  id: string;
  note: string;
  workflowType: string;
  /** Milliseconds. */
  everyMs: number;
  overlap: ScheduleOverlapPolicy;
  /** Milliseconds: runs missed for longer are not made up for. */
  catchupWindowMs: number;
}

/** Every schedule that the code has. A run that was missed is not needed twice: the next one sees the same world. */
export const scheduleSpecs: readonly ScheduleSpec[] = [
  {
    id: scheduleIds.reconcile,
    note: 'Compares what is open in Postgres with what runs in Temporal',
    workflowType: workflowTypes.reconcile,
    everyMs: reconcileEvery,
    overlap: 'SKIP',
    catchupWindowMs: reconcileEvery,
  },
];
