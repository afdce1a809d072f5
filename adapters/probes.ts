import type { Connection } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { ServiceHealth } from '../contracts/api.ts';
import type { Postgres } from './postgres.ts';
import type { OrderMailer } from './smtp.ts';
import type { ServiceStateStore } from './store/service-states.ts';

/** One part of the house whose state can be asked for; `check` throws when it does not answer. */
export interface HealthProbe {
  readonly name: string;
  /** Without it nothing works. */
  readonly vital: boolean;
  /** What does not work, or only later, without it. */
  readonly features: readonly string[];
  check(signal: AbortSignal): Promise<Pick<ServiceHealth, 'status' | 'detail'>>;
}

const well = { status: 'healthy', detail: null } as const;
/** Milliseconds since its last poll in which a worker counts as alive; a long poll lasts one minute. */
const workerSeenMs = 120_000;
/** Milliseconds for which the mail server's last answer is believed: it is somebody else's machine. */
const mailMs = 60_000;
/** Milliseconds that one question to Temporal may take. */
const callMs = 2_000;
const { TASK_QUEUE_TYPE_WORKFLOW } = proto.temporal.api.enums.v1.TaskQueueType;

export function postgresProbe(db: Postgres): HealthProbe {
  return {
    name: 'postgres',
    vital: true,
    features: ['everything'],
    check: async () => {
      await db.query('SELECT 1');
      return well;
    },
  };
}

export function temporalProbe(connection: Connection, namespace: string): HealthProbe {
  return {
    name: 'temporal',
    vital: true,
    features: ['understanding messages', 'decisions', 'purchases'],
    check: async () => {
      await asked(connection, () => connection.workflowService.describeNamespace({ namespace }));
      return well;
    },
  };
}

/** Whether somebody polls the house's task queue. */
export function workerProbe(connection: Connection, namespace: string, taskQueue: string): HealthProbe {
  return {
    name: 'worker',
    vital: false,
    features: ['understanding messages', 'decisions', 'purchases'],
    check: async () => {
      const { pollers } = await asked(connection, () =>
        connection.workflowService.describeTaskQueue({
          namespace,
          taskQueue: { name: taskQueue },
          taskQueueType: TASK_QUEUE_TYPE_WORKFLOW,
        }),
      );
      const seen = Math.max(0, ...pollers.map(({ lastAccessTime }) => Number(lastAccessTime?.seconds ?? 0) * 1000));
      return Date.now() - seen < workerSeenMs
        ? well
        : { status: 'unhealthy', detail: 'no worker polls the task queue' };
    },
  };
}

/** The model as the worker sees it. */
export function modelProbe(states: ServiceStateStore): HealthProbe {
  return {
    name: 'model',
    vital: false,
    features: ['understanding messages'],
    check: async () => {
      const state = await states.get('model');
      if (state === null) return { status: 'degraded', detail: 'the worker has not said yet' };
      const { status, label, untilMs } = state;
      return { status, detail: untilMs > 0 ? `${label}; held back for ${Math.ceil(untilMs / 1000)} s` : label };
    },
  };
}

/** The mail server that orders go through. */
export function mailProbe(mailer: OrderMailer): HealthProbe {
  let known: { until: number; answer: Promise<void> } | undefined;
  return {
    name: 'smtp',
    vital: false,
    features: ['orders by e-mail'],
    check: async (signal) => {
      if (known === undefined || known.until < Date.now()) {
        known = { until: Date.now() + mailMs, answer: mailer.verify({ signal }) };
      }
      await known.answer;
      return well;
    },
  };
}

function asked<Answer>(connection: Connection, work: () => Promise<Answer>): Promise<Answer> {
  return connection.withDeadline(Date.now() + callMs, work);
}
