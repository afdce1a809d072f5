import { createLedgerStore } from '../../adapters/store/ledger.ts';
import { giveUp } from '../../workers/stop.ts';
import { runWorker } from '../../workers/worker.ts';
import { withFailPoints } from './fail-points.ts';
import { controlVariable } from './points.ts';

/** The house's worker, held at the named points as long as whoever kills it wants. */
const control = process.env[controlVariable];
if (control === undefined) giveUp(new Error(`${controlVariable} is not set.`));

await runWorker(process.env, {
  ledger: (core) =>
    withFailPoints(createLedgerStore(core), async (point, intentId) => {
      await fetch(control, { method: 'POST', body: JSON.stringify({ point, intentId }) });
    }),
}).catch(giveUp);
