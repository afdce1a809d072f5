import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, portSettings } from '../config.ts';
import type { Config } from '../config.ts';
import { homeAt, homePath } from '../home.ts';
import { freePorts } from '../supervisor/ports.ts';
import { demoPrefix, keptFile, sweepAbandoned } from './abandoned.ts';

/** A house for one story: a state folder of its own, free ports, nothing of the owner's settings. */
export interface DemoHouse {
  config: Config;
  env: NodeJS.ProcessEnv;
}

/** What decides about a house, or reaches a model or a database of the owner's: the demo is the same with and without. */
const settings = /^(?:MAJORDOMO_|ANTHROPIC_|TEMPORAL_|POSTGRES_|PG[A-Z]|DATABASE_URL$)/;

/**
 * Makes the folder and the settings; engines are shared with the owner's own house. `own` adds to the environment, `keep`
 * protects the folder from later demos.
 */
export async function demoHouse(env: NodeJS.ProcessEnv, own: NodeJS.ProcessEnv, keep = false): Promise<DemoHouse> {
  await sweepAbandoned(tmpdir());
  const home = await mkdtemp(join(tmpdir(), demoPrefix));
  if (keep) await writeFile(keptFile(home), '');
  const ports = await freePorts(Object.keys(portSettings).length);
  const demoEnv = {
    ...Object.fromEntries(Object.entries(env).filter(([name]) => !settings.test(name))),
    ...Object.fromEntries(Object.values(portSettings).map((setting, index) => [setting, String(ports[index])])),
    // The story looks at its house many times a second.
    MAJORDOMO_REQUESTS_PER_MINUTE: '6000',
    ...own,
    MAJORDOMO_HOME: home,
    MAJORDOMO_ENGINES: homeAt(homePath(env), env['MAJORDOMO_ENGINES'] || undefined).engines,
  };
  return { config: loadConfig(demoEnv), env: demoEnv };
}
