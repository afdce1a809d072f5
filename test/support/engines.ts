import { findEngine } from '../../cli/engines/find.ts';
import type { Engine, EngineName } from '../../cli/engines/engine.ts';
import { homeAt, homePath } from '../../cli/home.ts';

/** Where the tests keep engines: MAJORDOMO_ENGINES, else the state folder's own cache. */
export function enginesFolder(): string {
  const home = homeAt(homePath(process.env));
  return process.env['MAJORDOMO_ENGINES'] || home.engines;
}

/** The engine for tests, by the product's own chain. */
export async function testEngine(name: EngineName): Promise<Engine> {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  return findEngine(name, { cacheDir: enginesFolder(), env: process.env, say });
}
