import type { LedgerStore } from '../../adapters/store/ledger.ts';
import type { Point } from './points.ts';

/** Resolves when the flow may go on. */
export type Arrive = (point: Point, intentId: string) => Promise<void>;

/** The ledger, held at the named points: they lie around its calls, so nothing in the house knows of them. */
export function withFailPoints(ledger: LedgerStore, arrive: Arrive): LedgerStore {
  return {
    ...ledger,
    async claim(ref, options) {
      await arrive('before-attempt', ref.intentId);
      return ledger.claim(ref, options);
    },
    async startSending(ref, hash) {
      const refusal = await ledger.startSending(ref, hash);
      if (refusal === null) await arrive('before-send', ref.intentId);
      return refusal;
    },
    async recordReceipt(ref, receipt) {
      if (receipt.outcome === 'delivered') await arrive('after-send', ref.intentId);
      const written = await ledger.recordReceipt(ref, receipt);
      await arrive('before-completion', ref.intentId);
      return written;
    },
  };
}
