import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';

/** Runs a call of an activity the way a worker does, without a server. `attempt` counts from 1. */
export async function runActivity<Result>(
  call: () => Promise<Result>,
  options: { attempt?: number; onHeartbeat?: () => void; onWarning?: (message: string) => void } = {},
): Promise<Result> {
  const logger = new DefaultLogger(options.onWarning === undefined ? 'ERROR' : 'WARN', ({ message }) =>
    options.onWarning?.(message),
  );
  const environment = new MockActivityEnvironment({ attempt: options.attempt ?? 1 }, { logger });
  if (options.onHeartbeat !== undefined) environment.on('heartbeat', options.onHeartbeat);
  return environment.run<[], Result, typeof call>(call);
}
