import type { ReconcileReport } from '../contracts/activities.ts';
import { watching } from './activities.ts';

/** Terminate and reset run no workflow code, so a schedule looks for what they left behind. */
export async function reconcile(): Promise<ReconcileReport> {
  return watching.reconcileHouse();
}
