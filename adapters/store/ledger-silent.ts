import { randomUUID } from 'node:crypto';
import type { Receipt } from '../../contracts/effects.ts';
import type { Queryable } from '../postgres.ts';

/** The receipt of a send that was on the wire when its process ended. */
export const silent: Receipt = {
  outcome: 'unknown',
  providerId: null,
  detail: 'The send did not report back.',
  retryable: false,
};

/** The receipt that ends an intent, and the attempt that it is of; null where there was none. */
interface Ending {
  intentId: string;
  attemptId: string | null;
  receipt: Receipt;
}

/**
 * An intent that ends leaves no attempt on the wire. On a keyed channel earlier ones may be there, unheard of since their
 * process ended: a delivery covers them, as their key is the same, but a refusal of the last says nothing about them.
 * Answers the receipt that stands for the intent.
 */
export async function settleSilent(tx: Queryable, { intentId, attemptId, receipt }: Ending): Promise<Receipt> {
  const { rows } = await tx.query<{ id: string }>(
    `UPDATE core.attempts SET status = 'receipt' WHERE intent_id = $1 AND status = 'sending' RETURNING id`,
    [intentId],
  );
  if (receipt.outcome === 'delivered') {
    await tx.query(
      `UPDATE core.receipts SET status = 'refused', detail = 'Another attempt delivered it under the same key.'
       WHERE intent_id = $1 AND status = 'unknown' AND attempt_id IS DISTINCT FROM $2`,
      [intentId, attemptId],
    );
    return receipt;
  }
  const [unheard] = rows;
  if (unheard === undefined || receipt.outcome === 'unknown') {
    return receipt;
  }
  await tx.query(
    `INSERT INTO core.receipts (id, source, status, intent_id, attempt_id, detail) VALUES ($1, 'ledger', $2, $3, $4, $5)`,
    [randomUUID(), silent.outcome, intentId, unheard.id, silent.detail],
  );
  return silent;
}
