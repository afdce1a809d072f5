import { whileFrozen } from '../../cli/backup/freeze.ts';
import { identify } from '../../cli/supervisor/identity.mjs';

/** Holds the process with the given pid still until it is killed itself. */
const target = identify(Number(process.argv[2]));
if (target === undefined) throw new Error('There is no such process.');
const forEver = () => {
  console.log('frozen');
  return new Promise<never>(() => {});
};
await whileFrozen(target, 60_000, forEver);
