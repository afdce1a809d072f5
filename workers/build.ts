import { workflowBundlePath } from './bundle.ts';

/** `npm run build`: makes the workflow bundle before the worker needs it. */
process.stdout.write(`${await workflowBundlePath()}\n`);
