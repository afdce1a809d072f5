import { giveUp } from './stop.ts';
import { runWorker } from './worker.ts';

await runWorker(process.env).catch(giveUp);
