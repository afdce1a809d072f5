import { fileURLToPath } from 'node:url';
import proto from '@temporalio/proto';
import { connectTemporal } from '../adapters/temporal.ts';
import { taskQueue } from '../contracts/names.ts';
import type { ChildSpec } from './supervisor/child.ts';
import { apiAddress } from './supervisor/house.ts';
import type { ServiceContext } from './supervisor/house.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/**
 * Worker and api as children of the supervisor. All children together have 9.8 s to stop: a stop takes at most 10 s. The
 * worker's part covers the 3 s that it gives to running activities.
 */
export function houseServices(context: ServiceContext): ChildSpec[] {
  const { config, temporalAddress } = context;
  const env = {
    ...context.env,
    MAJORDOMO_HOME: config.home.root,
    DATABASE_URL: context.databaseUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_NAMESPACE: config.temporalNamespace,
    TEMPORAL_UI_URL: context.webUi,
    MAJORDOMO_HOST: config.host,
    MAJORDOMO_PORT: String(config.ports.api),
    // Only then is the end of stdin a reason to stop: by hand, stdin may be closed from the start.
    MAJORDOMO_SUPERVISED: '1',
  };
  const base = { command: process.execPath, env, cwd: root, signal: 'SIGTERM' } as const;
  return [
    {
      ...base,
      name: 'worker',
      args: ['--import', 'tsx', 'workers/main.ts'],
      stopSeconds: 4,
      probe: (pid) => requirePoller(temporalAddress, config.temporalNamespace, pid),
    },
    {
      ...base,
      name: 'api',
      args: ['--import', 'tsx', 'workers/api.ts'],
      stopSeconds: 1.5,
      probe: () => requireOk(`${apiAddress(config)}/api/v1/live`),
    },
  ];
}

/** An address of the house does not answer, or not with success. */
export class NotServing extends Error {
  override name = 'NotServing';
}

/** Resolves with the answer of a GET; throws NotServing unless it is a success within 2 s. */
export async function requireOk(url: string): Promise<Response> {
  const response = await fetch(url, { signal: AbortSignal.timeout(2000) }).catch((cause: unknown) => {
    throw new NotServing(`${url} does not answer.`, { cause });
  });
  if (!response.ok) throw new NotServing(`${url} answers ${response.status}.`);
  return response;
}

/** Rejects unless a worker polls the task queue; its identity is the SDK's default, `pid@host`. */
export async function requirePoller(address: string, namespace: string, pid: number): Promise<void> {
  const server = await connectTemporal({ address, namespace });
  try {
    const { pollers } = await server.connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: taskQueue },
      taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
    });
    if (!pollers.some(({ identity }) => identity?.startsWith(`${pid}@`)))
      throw new NotServing('The worker does not poll yet.');
  } finally {
    await server.close();
  }
}
