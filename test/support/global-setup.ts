import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { connectTemporal, prepareNamespace } from '../../adapters/temporal.ts';
import { ensureDatabase, preparePostgres } from '../../cli/engines/postgres.ts';
import { prepareTemporal } from '../../cli/engines/temporal.ts';
import { homeAt, makeHome } from '../../cli/home.ts';
import { createCrew } from '../../cli/supervisor/crew.ts';
import { freePorts } from '../../cli/supervisor/ports.ts';
import { historyRetentionDays } from '../../contracts/defaults.ts';
import { searchAttributes } from '../../contracts/names.ts';
import { workflowBundlePath } from '../../workers/bundle.ts';
import { testEngine } from './engines.ts';
import { makeTemplateDatabase } from './template.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Owner's URL of the test cluster; its database is empty. */
    postgresUrl: string;
    /** `host:port` of the test server's gRPC frontend; namespace `default`. */
    temporalAddress: string;
    /** `host:port` of the test server's HTTP API. */
    temporalHttpAddress: string;
    /** `host:port` of the test server's Web UI. */
    temporalUiAddress: string;
    /** Database with all migrations, to be cloned. */
    templateDatabase: string;
    /** File with the workflow bundle of the sources as they are. */
    workflowBundle: string;
    /** State folder with the keyring that the roles' passwords of the template were derived from. */
    testHome: string;
  }
}

const say = (line: string) => {
  process.stderr.write(`${line}\n`);
};

/** Starts one Postgres and one Temporal server for the whole run; a guard stops them even if the run is killed. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const home = homeAt(await mkdtemp(join(tmpdir(), 'majordomo-test-')));
  await makeHome(home);
  const crew = createCrew({ logs: home.logs, say });
  const stop = async () => {
    await crew.stop();
    await rm(home.root, { recursive: true, force: true });
  };
  try {
    const [postgresPort = 0, grpc = 0, http = 0, ui = 0, metrics = 0] = await freePorts(5);
    const [postgresEngine, temporalEngine] = [await testEngine('postgres'), await testEngine('temporal')];
    const postgres = await preparePostgres({
      engine: postgresEngine,
      dataDir: home.postgres,
      passwordFile: join(home.keys, 'postgres.password'),
      port: postgresPort,
      say: () => {},
      settings: { max_connections: '300' },
    });
    const temporal = prepareTemporal({
      engine: temporalEngine,
      dbFile: join(home.temporal, 'temporal.db'),
      ports: { grpc, http, metrics },
      ui: { address: '127.0.0.1', port: ui },
      // So that continue-as-new happens within a test; the server's own default is 4096 events.
      settings: { 'limit.historyCount.suggestContinueAsNew': '60' },
    });
    const bundled = workflowBundlePath();
    await Promise.all([bundled, crew.start(postgres.spec), crew.start(temporal)]);
    await Promise.all([ensureDatabase(postgres.ownerUrl), prepareTestNamespace(`127.0.0.1:${grpc}`)]);
    project.provide('templateDatabase', await makeTemplateDatabase(postgres.ownerUrl, home.root));
    project.provide('postgresUrl', postgres.ownerUrl);
    project.provide('temporalAddress', `127.0.0.1:${grpc}`);
    project.provide('temporalHttpAddress', `127.0.0.1:${http}`);
    project.provide('temporalUiAddress', `127.0.0.1:${ui}`);
    project.provide('workflowBundle', await bundled);
    project.provide('testHome', home.root);
    return stop;
  } catch (error) {
    await stop();
    throw error;
  }
}

async function prepareTestNamespace(address: string): Promise<void> {
  const connection = await connectTemporal({ address, namespace: 'default' });
  await prepareNamespace(connection, { retentionDays: historyRetentionDays, searchAttributes });
  await connection.close();
}
