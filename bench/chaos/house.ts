import { join } from 'node:path';
import { loadKeyring } from '../../adapters/keyring.ts';
import { connectPostgres, type Postgres } from '../../adapters/postgres.ts';
import { rolePassword } from '../../adapters/role-password.ts';
import type { DemoHouse } from '../../cli/demo/house.ts';
import { houseServices } from '../../cli/services.ts';
import type { ChildSpec } from '../../cli/supervisor/child.ts';
import { houseFileOf, type ServiceContext } from '../../cli/supervisor/house.ts';
import { readHouse } from '../../cli/supervisor/lock.ts';
import { controlVariable, type Target } from './points.ts';

const partsOf: Record<Target, readonly string[]> = {
  worker: ['worker'],
  api: ['api'],
  temporal: ['temporal'],
  postgres: ['postgres'],
  all: ['worker', 'api', 'temporal', 'postgres'],
};

/** The services of every house, with a worker that asks at `control` before it goes on. */
export function heldServices(control: string): (context: ServiceContext) => ChildSpec[] {
  return (context) =>
    houseServices(context).map((spec) =>
      spec.name === 'worker'
        ? {
            ...spec,
            args: ['--import', 'tsx', join('bench', 'chaos', 'worker.ts')],
            env: { ...spec.env, [controlVariable]: control },
          }
        : spec,
    );
}

/** SIGKILL for what runs of a target now, all at once. How many processes that were. */
export function kill({ config }: DemoHouse, target: Target): number {
  const children = readHouse(houseFileOf(config))?.children ?? [];
  const pids = children.filter(({ name }) => partsOf[target].includes(name)).map(({ pid }) => pid);
  for (const pid of pids) process.kill(pid, 'SIGKILL');
  return pids.length;
}

/** The house's database, as the house itself sees it. */
export function databaseOf({ config }: DemoHouse): Postgres {
  return connectPostgres({
    url: `postgres://127.0.0.1:${config.ports.postgres}/majordomo`,
    env: {},
    role: 'majordomo_core',
    password: rolePassword(loadKeyring({ env: {}, home: config.home.root }), 'majordomo_core'),
  });
}
