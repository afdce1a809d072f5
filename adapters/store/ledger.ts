import { randomUUID } from 'node:crypto';
import type { AttemptRef, FenceResult, Receipt, ReceiptOutcome } from '../../contracts/effects.ts';
import type { Postgres, Queryable } from '../postgres.ts';
import { settleSilent, silent } from './ledger-silent.ts';
import { restoredDetail, restoredFrom } from './restores.ts';

/** What is to leave the house: `id` is derived from flow, entity, step and action hash, so a re-run finds it again. */
export interface IntentRequest {
  id: string;
  ownerId: string;
  butler: string;
  flow: string;
  entityId: string;
  step: number;
  tool: string;
  actionHash: string;
  approvalId: string;
  reservationId: string | null;
  workflowId: string;
}

/** An intent with what the executing activity needs of it. */
export interface Intent {
  id: string;
  ownerId: string;
  status: string;
  tool: string;
  actionHash: string;
  approvalId: string;
}

/** Whether an attempt may go on: it holds the claim, or an earlier run of it exists. */
export type Claim = 'claimed' | 'taken' | 'closed';

/** Why a claimed attempt may not send. */
export type SendRefusal = 'fenced' | 'not_approved' | 'expired' | 'changed';

interface ReceiptRow {
  status: ReceiptOutcome;
  provider_id: string | null;
  detail: string | null;
  retryable: boolean;
}

const toReceipt = (row: ReceiptRow): Receipt => ({
  outcome: row.status,
  providerId: row.provider_id,
  detail: row.detail,
  retryable: row.retryable,
});

/** Which state an approval takes when its effect ends. */
const approvalEnd: Record<ReceiptOutcome, string> = {
  delivered: 'executed',
  refused: 'failed',
  expired: 'expired',
  unknown: 'unknown',
};

/** Intent, attempt, receipt. An attempt sends only after its compare-and-set `claimed → sending` is committed. */
export function createLedgerStore(db: Postgres) {
  async function readIntent(tx: Queryable, intentId: string, lock: 'FOR UPDATE' | ''): Promise<Intent | undefined> {
    const { rows } = await tx.query<Intent>(
      `SELECT id, owner_id AS "ownerId", status, tool, action_hash AS "actionHash", approval_id AS "approvalId"
       FROM core.intents WHERE id = $1 ${lock}`,
      [intentId],
    );
    return rows[0];
  }

  const lockIntent = (tx: Queryable, intentId: string) => readIntent(tx, intentId, 'FOR UPDATE');

  /** Closes the intent and tells the approval, unless the receipt leaves room for a next attempt. */
  async function close(tx: Queryable, intent: Intent, outcome: ReceiptOutcome): Promise<void> {
    await tx.query('UPDATE core.intents SET status = $2 WHERE id = $1 AND status <> $2', [intent.id, outcome]);
    const { rows } = await tx.query<{ id: string }>(
      `UPDATE core.approvals SET status = $2 WHERE id = $1 AND status IN ('approved', 'executing', 'unknown') AND status <> $2
       RETURNING id`,
      [intent.approvalId, approvalEnd[outcome]],
    );
    if (rows.length > 0) {
      await recordExecution(tx, intent, approvalEnd[outcome]);
    }
  }

  async function recordExecution(tx: Queryable, intent: Intent, event: string): Promise<void> {
    await tx.query(
      `INSERT INTO core.approval_events (id, source, approval_id, event, action_hash) VALUES ($1, 'ledger', $2, $3, $4)
       ON CONFLICT DO NOTHING`,
      [randomUUID(), intent.approvalId, event, intent.actionHash],
    );
  }

  /**
   * A known outcome replaces `unknown`, never the other way round. A second delivery under the same key is the first
   * one: the provider of a keyed channel has dropped it.
   */
  async function writeReceipt(
    tx: Queryable,
    intent: Intent,
    attemptId: string | null,
    receipt: Receipt,
  ): Promise<Receipt> {
    if (intent.status === 'delivered') {
      await finishAttempt(tx, attemptId);
      return receipt;
    }
    const { rows } = await tx.query<ReceiptRow>(
      `INSERT INTO core.receipts AS receipt (id, source, status, intent_id, attempt_id, provider_id, detail, retryable)
       VALUES ($1, 'ledger', $2, $3, $4, $5, $6, $7)
       ON CONFLICT (intent_id, attempt_id) DO UPDATE
         SET status = excluded.status, provider_id = excluded.provider_id, detail = excluded.detail, retryable = excluded.retryable
         WHERE receipt.status = 'unknown' AND excluded.status <> 'unknown'
       RETURNING status, provider_id, detail, retryable`,
      [randomUUID(), receipt.outcome, intent.id, attemptId, receipt.providerId, receipt.detail, receipt.retryable],
    );
    await finishAttempt(tx, attemptId);
    const written = rows[0];
    if (written === undefined) {
      return (await readReceipt(tx, intent.id, attemptId)) ?? receipt;
    }
    if (receipt.outcome === 'refused' && receipt.retryable) {
      return toReceipt(written);
    }
    const stands = await settleSilent(tx, { intentId: intent.id, attemptId, receipt: toReceipt(written) });
    await close(tx, intent, stands.outcome);
    return stands;
  }

  async function finishAttempt(tx: Queryable, attemptId: string | null): Promise<void> {
    await tx.query(`UPDATE core.attempts SET status = 'receipt' WHERE id = $1 AND status <> 'receipt'`, [attemptId]);
  }

  async function readReceipt(tx: Queryable, intentId: string, attemptId: string | null): Promise<Receipt | null> {
    const { rows } = await tx.query<ReceiptRow>(
      `SELECT status, provider_id, detail, retryable FROM core.receipts
       WHERE intent_id = $1 AND attempt_id IS NOT DISTINCT FROM $2`,
      [intentId, attemptId],
    );
    return rows[0] ? toReceipt(rows[0]) : null;
  }

  async function attemptOf(tx: Queryable, ref: AttemptRef): Promise<{ id: string; status: string } | undefined> {
    const { rows } = await tx.query<{ id: string; status: string }>(
      'SELECT id, status FROM core.attempts WHERE intent_id = $1 AND number = $2 FOR UPDATE',
      [ref.intentId, ref.number],
    );
    return rows[0];
  }

  async function insertIntent(tx: Queryable, request: IntentRequest): Promise<boolean> {
    const { rowCount } = await tx.query(
      `INSERT INTO core.intents (id, source, owner_id, butler, flow, entity_id, step, tool, action_hash, approval_id,
         reservation_id, workflow_id)
       VALUES ($1, 'ledger', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING`,
      [
        request.id,
        request.ownerId,
        request.butler,
        request.flow,
        request.entityId,
        request.step,
        request.tool,
        request.actionHash,
        request.approvalId,
        request.reservationId,
        request.workflowId,
      ],
    );
    return rowCount === 1;
  }

  async function locked<Result>(
    intentId: string,
    work: (tx: Queryable, intent: Intent) => Promise<Result>,
  ): Promise<Result> {
    return db.transaction(async (tx) => {
      const intent = await lockIntent(tx, intentId);
      if (intent === undefined) {
        throw new IntentNotFound(intentId);
      }
      return work(tx, intent);
    });
  }

  return {
    /**
     * Writes down what is to be done, or finds that it was written down before. What was approved before a restore, and
     * may have been done after the backup, is unknown from the start.
     */
    async openIntent(request: IntentRequest): Promise<void> {
      await db.transaction(async (tx) => {
        const inserted = await insertIntent(tx, request);
        const intent = inserted ? await lockIntent(tx, request.id) : undefined;
        const { rows } = await tx.query('SELECT FROM core.approvals WHERE id = $1 AND status = $2', [
          request.approvalId,
          'unknown',
        ]);
        if (intent === undefined || rows.length === 0) {
          return;
        }
        const takenAt = await restoredFrom(tx);
        const detail = takenAt === null ? silent.detail : restoredDetail(takenAt);
        await writeReceipt(tx, intent, null, { ...silent, detail });
      });
    },

    /** Throws IntentNotFound. */
    async getIntent(intentId: string): Promise<Intent> {
      const intent = await readIntent(db, intentId, '');
      if (intent === undefined) {
        throw new IntentNotFound(intentId);
      }
      return intent;
    },

    /**
     * Claims attempt `number`. `taken`: an earlier run of it exists; `closed`: the intent has its receipt, or a later
     * attempt was begun, or an unkeyed earlier one may have sent.
     */
    async claim(ref: AttemptRef, options: { leaseMs: number; keyed: boolean }): Promise<Claim> {
      return locked(ref.intentId, async (tx, intent) => {
        if (await attemptOf(tx, ref)) {
          return 'taken';
        }
        const { rows } = await tx.query<{ blocking: number }>(
          `SELECT count(*)::integer AS blocking FROM core.attempts attempt
           LEFT JOIN core.receipts receipt ON receipt.attempt_id = attempt.id
           WHERE attempt.intent_id = $1 AND (attempt.number > $2
             OR NOT (attempt.status = 'fenced' OR coalesce(receipt.status = 'refused' AND receipt.retryable, $3)))`,
          [ref.intentId, ref.number, options.keyed],
        );
        if (intent.status !== 'open' || (rows[0]?.blocking ?? 0) > 0) {
          return 'closed';
        }
        await tx.query(
          `INSERT INTO core.attempts (id, source, intent_id, number, lease_until)
           VALUES ($1, 'ledger', $2, $3, clock_timestamp() + make_interval(secs => $4))`,
          [randomUUID(), ref.intentId, ref.number, options.leaseMs / 1000],
        );
        return 'claimed';
      });
    },

    /**
     * The last statement before the provider is called. It changes a row only while the claim's lease runs and the
     * approval is given, unexpired, by a known account of the owner, over this very hash. Returns null when the way is
     * free, else why not.
     */
    async startSending(ref: AttemptRef, actionHash: string): Promise<SendRefusal | null> {
      return locked(ref.intentId, async (tx, intent) => {
        const { rows } = await tx.query<{ given: boolean; unexpired: boolean; same: boolean }>(
          `SELECT approval.status IN ('approved', 'executing') AND EXISTS (
               SELECT FROM core.approval_events event
               LEFT JOIN core.owner_accounts account ON account.channel || ':' || account.account = event.approver
                 AND account.owner_id = approval.owner_id AND account.status = 'active'
               WHERE event.approval_id = approval.id AND event.event = 'approved' AND event.action_hash = approval.action_hash
                 AND (account.id IS NOT NULL OR (event.approver = 'code' AND approval.risk_tier IN ('low', 'medium')))) AS given,
             approval.expires_at > clock_timestamp() AS unexpired,
             approval.action_hash = $2 AND $3 = $2 AS same
           FROM core.approvals approval WHERE approval.id = $1 FOR UPDATE`,
          [intent.approvalId, actionHash, intent.actionHash],
        );
        const check = rows[0];
        if (!check?.same) {
          return 'changed';
        }
        if (!check.given) {
          return 'not_approved';
        }
        if (!check.unexpired) {
          return 'expired';
        }
        const sending = await tx.query<{ id: string }>(
          `UPDATE core.attempts SET status = 'sending'
           WHERE intent_id = $1 AND number = $2 AND status = 'claimed' AND lease_until > clock_timestamp() RETURNING id`,
          [ref.intentId, ref.number],
        );
        if (sending.rows.length === 0) {
          return 'fenced';
        }
        await tx.query(`UPDATE core.approvals SET status = 'executing' WHERE id = $1 AND status = 'approved'`, [
          intent.approvalId,
        ]);
        await recordExecution(tx, intent, 'executing');
        return null;
      });
    },

    /** What the provider said of an attempt. */
    async recordReceipt(ref: AttemptRef, receipt: Receipt): Promise<Receipt> {
      return locked(ref.intentId, async (tx, intent) => {
        const attempt = await attemptOf(tx, ref);
        return writeReceipt(tx, intent, attempt?.id ?? null, receipt);
      });
    },

    /**
     * Decides what became of an attempt that did not report back. A claimed one is fenced, one that was never claimed
     * is written down as fenced, so neither can send any more. One that was sending is `unknown`, unless its channel is
     * keyed.
     */
    async fence(ref: AttemptRef, options: { keyed: boolean }): Promise<FenceResult> {
      return locked(ref.intentId, async (tx, intent) => {
        await tx.query(
          `INSERT INTO core.attempts (id, source, intent_id, number, lease_until, status)
           VALUES ($1, 'ledger', $2, $3, clock_timestamp(), 'fenced')
           ON CONFLICT (intent_id, number) DO UPDATE SET status = 'fenced' WHERE attempts.status = 'claimed'`,
          [randomUUID(), ref.intentId, ref.number],
        );
        const attempt = await attemptOf(tx, ref);
        if (attempt === undefined || attempt.status === 'fenced') {
          return settledElsewhere(tx, intent);
        }
        const receipt = await readReceipt(tx, intent.id, attempt.id);
        if (receipt !== null) {
          return { verdict: 'settled', receipt };
        }
        if (options.keyed) {
          return { verdict: 'send_again' };
        }
        return { verdict: 'settled', receipt: await writeReceipt(tx, intent, attempt.id, silent) };
      });
    },

    /**
     * Ends an intent: what is claimed is fenced, what is on the wire becomes unknown, and what certainly never left is
     * refused. Returns the receipt that stands then; null when there is no such intent.
     */
    async giveUp(intentId: string): Promise<Receipt | null> {
      return db.transaction(async (tx) => {
        const intent = await lockIntent(tx, intentId);
        if (intent === undefined) {
          return null;
        }
        await tx.query(`UPDATE core.attempts SET status = 'fenced' WHERE intent_id = $1 AND status = 'claimed'`, [
          intentId,
        ]);
        const { rows } = await tx.query<{ id: string }>(
          `SELECT id FROM core.attempts WHERE intent_id = $1 AND status = 'sending' ORDER BY number DESC LIMIT 1`,
          [intentId],
        );
        if (rows[0] !== undefined && intent.status === 'open') {
          return writeReceipt(tx, intent, rows[0].id, silent);
        }
        const settled = await settledElsewhere(tx, intent);
        if (settled.verdict === 'settled') {
          return settled.receipt;
        }
        return writeReceipt(tx, intent, null, {
          outcome: 'refused',
          providerId: null,
          detail: 'Every attempt ended before anything was sent.',
          retryable: false,
        });
      });
    },

    /** The owner's word on an outcome that nobody else knows: `unknown` becomes delivered or refused. */
    async reconcile(intentId: string, outcome: 'delivered' | 'refused', by: string): Promise<void> {
      await locked(intentId, async (tx, intent) => {
        await tx.query(
          `UPDATE core.receipts SET status = $2, detail = $3 WHERE intent_id = $1 AND status = 'unknown'`,
          [intentId, outcome, `Reconciled by ${by}.`],
        );
        if (intent.status === 'unknown') {
          await close(tx, intent, outcome);
        }
      });
    },
  };

  async function settledElsewhere(tx: Queryable, intent: Intent): Promise<FenceResult> {
    if (intent.status === 'open') {
      return { verdict: 'send_again' };
    }
    const { rows } = await tx.query<ReceiptRow>(
      'SELECT status, provider_id, detail, retryable FROM core.receipts WHERE intent_id = $1 AND status = $2',
      [intent.id, intent.status],
    );
    const row = rows[0];
    return row ? { verdict: 'settled', receipt: toReceipt(row) } : { verdict: 'send_again' };
  }
}

export type LedgerStore = ReturnType<typeof createLedgerStore>;

/** An effect was asked for under an id that the ledger does not know. */
export class IntentNotFound extends Error {
  override readonly name = 'IntentNotFound';
  constructor(readonly intentId: string) {
    super(`The ledger knows no intent ${intentId}.`);
  }
}
