import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { findEngine } from '../cli/engines/find.ts';
import { prepareTemporal } from '../cli/engines/temporal.ts';
import { homeAt, homePath } from '../cli/home.ts';
import { freePorts } from '../cli/supervisor/ports.ts';
import { launch } from './house.ts';

const pollMs = 100;

/** The house's own Temporal server without its dynamic settings: what a plain `temporal server start-dev` has. */
export async function startDefaultServer(say: (line: string) => void) {
  const folder = await mkdtemp(join(tmpdir(), 'majordomo-bench-'));
  const [grpc = 0, http = 0, metrics = 0] = await freePorts(3);
  const { engines } = homeAt(homePath(process.env), process.env['MAJORDOMO_ENGINES'] || undefined);
  const engine = await findEngine('temporal', { cacheDir: engines, env: process.env, say });
  const dbFile = join(folder, 'temporal.db');
  const spec = prepareTemporal({ engine, dbFile, ports: { grpc, http, metrics }, ui: undefined });
  const flag = '--dynamic-config-value';
  const args = spec.args.filter((argument, index) => argument !== flag && spec.args[index - 1] !== flag);
  const server = launch(args, spec.env, spec.command);
  const serves = () =>
    spec.probe(server.pid).then(
      () => true,
      () => false,
    );
  while (!(await Promise.race([server.ended, serves()]))) await wait(pollMs);
  return {
    address: `127.0.0.1:${grpc}`,
    async stop() {
      await server.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}
