import { fileURLToPath } from 'node:url';
import { up } from '../../cli/commands/up.ts';
import { loadConfig } from '../../cli/config.ts';
import { requireOk } from '../../cli/services.ts';
import type { ChildSpec } from '../../cli/supervisor/child.ts';

const script = fileURLToPath(new URL('fixture-service.mjs', import.meta.url));
const config = loadConfig(process.env);

function service(name: string, port: number): ChildSpec {
  return {
    name,
    command: process.execPath,
    args: [script, name],
    env: { ...process.env, FIXTURE_PORT: String(port) },
    signal: 'SIGTERM',
    stopSeconds: 2,
    probe: () => requireOk(`http://127.0.0.1:${port}`),
  };
}

process.exitCode = await up({
  config: () => config,
  env: process.env,
  out: (line) => console.log(line),
  say: (line) => console.error(line),
  services: () => [service('worker', Number(process.env['FIXTURE_WORKER_PORT'])), service('api', config.ports.api)],
});
