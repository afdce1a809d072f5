import { join } from 'node:path';
import { connectTemporal } from '../../adapters/temporal.ts';
import { webUiPath } from '../../contracts/web-ui.ts';
import type { ChildSpec } from '../supervisor/child.ts';
import type { Engine } from './engine.ts';
import type { UiPlace } from './ui-place.ts';

/** All ports of the dev server; left alone it would choose two of them at random. */
export interface TemporalPorts {
  grpc: number;
  http: number;
  metrics: number;
}

export interface TemporalOptions {
  engine: Engine;
  /** SQLite file with everything the server knows. */
  dbFile: string;
  ports: TemporalPorts;
  /** Where the UI server listens; without it there is none. */
  ui: UiPlace | undefined;
  /** More dynamic configuration, values as JSON. */
  settings?: Record<string, string>;
}

/**
 * Settings for one household instead of a fleet: queues polled often enough that a step does not wait for a 50 ms
 * grid, and the HTTP API closed to every host name (its cross-origin POSTs would be signals from any web page).
 */
const dynamicSettings: Record<string, string> = {
  'history.transferProcessorMaxPollRPS': '2000',
  'history.timerProcessorMaxPollRPS': '2000',
  'history.timerProcessorMaxTimeShift': '"50ms"',
  'frontend.httpAllowedHosts': '["none.invalid"]',
};

/** Describes the dev server as a child: loopback only, a file database that survives a power cut, fixed ports. */
export function prepareTemporal({ engine, dbFile, ports, ui, settings = {} }: TemporalOptions): ChildSpec {
  const args = ['server', 'start-dev', '--ip', '127.0.0.1', '--db-filename', dbFile, '--log-level', 'warn'];
  args.push('--port', String(ports.grpc), '--http-port', String(ports.http));
  args.push('--metrics-port', String(ports.metrics), ...uiArguments(ui));
  args.push('--sqlite-pragma', 'journal_mode=WAL', '--sqlite-pragma', 'synchronous=FULL');
  for (const [key, value] of Object.entries({ ...dynamicSettings, ...settings }))
    args.push('--dynamic-config-value', `${key}=${value}`);
  const address = `127.0.0.1:${ports.grpc}`;
  return {
    name: 'temporal',
    command: join(engine.bin, 'temporal'),
    args,
    env: process.env,
    cwd: '/',
    signal: 'SIGTERM',
    stopSeconds: 2,
    probe: async () => (await connectTemporal({ address, namespace: 'default' })).close(),
  };
}

/** The codec's address is a path: on whatever origin the page is, there is the codec. */
function uiArguments(ui: UiPlace | undefined): string[] {
  if (ui === undefined) return ['--headless'];
  const place = ['--ui-ip', ui.address, '--ui-port', String(ui.port)];
  return [...place, '--ui-public-path', webUiPath, '--ui-codec-endpoint', '/codec', '--ui-disable-news-fetch'];
}
