import { fileURLToPath } from 'node:url';
import { NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { loadKeyring } from '../../adapters/keyring.ts';
import { createLogger, createRedactor, temporalLogger } from '../../adapters/log.ts';
import { dataConverter } from '../../adapters/payload-codec.ts';
import { connectPostgres } from '../../adapters/postgres.ts';
import { rolePassword } from '../../adapters/role-password.ts';
import { houseEnvironment } from '../../workers/environment.ts';
import { workerOptions } from '../../workers/options.ts';
import { giveUp, untilToldToStop } from '../../workers/stop.ts';
import { createBareActivities } from './activities.ts';
import { bareTaskQueue } from './queue.ts';

/** A worker like the house's own, in a process of its own: same options, same codec, same role in Postgres. */
async function main(env: NodeJS.ProcessEnv): Promise<void> {
  const house = houseEnvironment(env);
  const logger = createLogger({ name: 'bare', level: 'warn', redactor: createRedactor([]) });
  Runtime.install({ logger: temporalLogger(logger), shutdownSignals: [] });
  const keyring = loadKeyring({ env, home: house.home });
  const role = 'majordomo_core';
  const core = connectPostgres({ url: house.databaseUrl, env, role, password: rolePassword(keyring, role) });
  const connection = await NativeConnection.connect({ address: house.temporalAddress });
  const worker = await Worker.create({
    connection,
    namespace: house.temporalNamespace,
    taskQueue: bareTaskQueue,
    workflowsPath: fileURLToPath(new URL('workflows.ts', import.meta.url)),
    activities: createBareActivities(core),
    dataConverter: dataConverter(keyring),
    ...workerOptions,
  });
  untilToldToStop(env, () => worker.getState() === 'RUNNING' && worker.shutdown());
  const running = worker.run();
  console.log('The bare worker polls');
  await running;
  await Promise.all([core.close(), connection.close()]);
}

await main(process.env).catch(giveUp);
