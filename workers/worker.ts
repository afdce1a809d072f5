import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createClaudeReader } from '../adapters/claude/index.ts';
import { modelSettings } from '../adapters/claude/settings.ts';
import { loadKeyring } from '../adapters/keyring.ts';
import { createLogger, createRedactor, type Logger, temporalLogger } from '../adapters/log.ts';
import { createOfflineReader } from '../adapters/offline-reader/index.ts';
import { dataConverter } from '../adapters/payload-codec.ts';
import { connectPostgres, type Postgres } from '../adapters/postgres.ts';
import { rolePassword } from '../adapters/role-password.ts';
import type { LedgerStore } from '../adapters/store/ledger.ts';
import { createServiceStateStore, type ServiceStateStore } from '../adapters/store/service-states.ts';
import { createSmtpMailer } from '../adapters/smtp.ts';
import { smtpSettings } from '../adapters/smtp-settings.ts';
import { createTelegram } from '../adapters/telegram/index.ts';
import { telegramSettings } from '../adapters/telegram/settings.ts';
import { connectTemporal } from '../adapters/temporal.ts';
import { taskQueue } from '../contracts/names.ts';
import type { ModelState, Reader } from '../contracts/reader.ts';
import { loadRoster } from '../roster/load.ts';
import { reconcileSchedules } from '../schedules/reconcile.ts';
import { scheduleSpecs } from '../schedules/specs.ts';
import { workflowBundlePath } from './bundle.ts';
import { houseEnvironment, secretValues } from './environment.ts';
import { createHouse } from './house.ts';
import { startRelay } from './relay.ts';
import { workerOptions } from './options.ts';
import { untilToldToStop } from './stop.ts';

const rosterDirectory = fileURLToPath(new URL('../roster', import.meta.url));

/** Milliseconds until a state that could not be written down is tried again. */
const recordAgainMs = 2000;

/** What another composition of the same worker may put in its place: the fault tests hold the ledger at named points. */
export interface WorkerParts {
  ledger?: (core: Postgres) => LedgerStore;
}

/** Runs the house's worker until it is told to stop. Throws when it cannot start. */
export async function runWorker(env: NodeJS.ProcessEnv, parts: WorkerParts = {}): Promise<void> {
  const house = houseEnvironment(env);
  const redactor = createRedactor(secretValues(env));
  const logger = createLogger({ name: 'worker', level: house.logLevel, redactor });
  Runtime.install({ logger: temporalLogger(logger), shutdownSignals: [] });

  const keyring = loadKeyring({ env, home: house.home });
  const roleOf = (role: string) =>
    connectPostgres({ url: house.databaseUrl, env, role, password: rolePassword(keyring, role) });
  const core = roleOf('majordomo_core');
  const household = roleOf('majordomo_household');
  const converter = dataConverter(keyring);
  const { temporalAddress: address, temporalNamespace: namespace } = house;
  const temporal = await connectTemporal({ address, namespace, dataConverter: converter });
  const butler = loadRoster({ directory: rosterDirectory, env }).find(({ name }) => name === 'household');
  if (butler === undefined) {
    throw new Error('The roster has no butler named household.');
  }
  const reader = createReader(env, createServiceStateStore(core), logger);
  const account = smtpSettings(env, butler.modules.email?.bot);
  const bot = telegramSettings(env, butler.modules.telegram);
  const telegram = bot && createTelegram(bot);
  const { activities, deliveries, workflows } = createHouse({
    core,
    household,
    client: temporal.client,
    keyring,
    butler,
    reader,
    ...(parts.ledger && { ledger: parts.ledger(core) }),
    ...(account === undefined ? {} : { mail: { mailer: createSmtpMailer(account), from: account.from } }),
    ...(telegram && { telegram }),
  });

  const relay = telegram && startRelay({ deliveries, workflows, log: logger });
  const connection = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    workflowBundle: { codePath: await workflowBundlePath() },
    activities: relay?.after(activities) ?? activities,
    dataConverter: converter,
    ...workerOptions,
  });
  await reconcileSchedules(temporal.client, scheduleSpecs);
  untilToldToStop(env, () => worker.getState() === 'RUNNING' && worker.shutdown());
  logger.info({ model: reader.label }, 'The worker polls');
  await worker.run();
  relay?.stop();
  await Promise.all([core.close(), household.close(), temporal.close(), connection.close()]);
}

/** Claude when there is a key, else the offline reader. What the breaker learns is written down for the api to say. */
function createReader(env: NodeJS.ProcessEnv, states: ServiceStateStore, logger: Logger): Reader {
  const settings = modelSettings(env);
  const label = settings.kind === 'offline' ? 'offline' : settings.extractionModel;
  const record = async ({ state, retryAfterMs }: ModelState): Promise<boolean> => {
    try {
      await states.set('model', { status: state === 'closed' ? 'healthy' : 'degraded', label, untilMs: retryAfterMs });
      return true;
    } catch (error) {
      logger.warn({ err: error }, 'The state of the model could not be written down');
      return false;
    }
  };
  // Nobody says it again for a house that is idle: without the first word it would be called degraded for ever.
  const said = new AbortController();
  const recordFirst = async (): Promise<void> => {
    while (!said.signal.aborted && !(await record({ state: 'closed', retryAfterMs: 0 }))) {
      await wait(recordAgainMs, undefined, { ref: false });
    }
  };
  void recordFirst();
  const onStateChange = (state: ModelState): void => {
    said.abort();
    void record(state);
  };
  return settings.kind === 'offline' ? createOfflineReader() : createClaudeReader(settings, { onStateChange });
}
