import type { WorkerOptions } from '@temporalio/worker';

/** What every worker of the house is run with; the bare worker of the benchmark is given the same. */
export const workerOptions = {
  /** How long a running activity may take to finish after the worker was told to stop. */
  shutdownGraceTime: '3s',
  maxCachedWorkflows: 500,
  /** After a kill, tasks wait this long for the worker that is gone, then go to the new one. Temporal's default is 10 s. */
  stickyQueueScheduleToStartTimeout: '2s',
  /** A sign of life goes out at least this often; Temporal's default would hold it back for 8 s of a send's 10. */
  maxHeartbeatThrottleInterval: '2s',
} as const satisfies Partial<WorkerOptions>;
