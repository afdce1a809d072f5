import type { ApprovalStatus } from '../../contracts/approvals.ts';
import type { DeliveryEnd, DeliveryRef } from '../../contracts/deliveries.ts';
import type { Postgres } from '../postgres.ts';
import { due, recording, wanted } from './delivery-sql.ts';

/** A delivery with all that a try needs of it. */
export interface Delivery {
  kind: 'message' | 'reaction';
  status: string;
  /** The private chat: its id is that of the account. */
  chatId: number;
  providerMessageId: number | null;
  body: string;
  /** Telegram's id of the message that this one answers, where that is in the same chat. */
  replyTo: number | null;
  /** What the chat should show now: of a card its approval's state, of a reaction the emoji, else null. */
  wanted: string | null;
  approval: DeliveredApproval | null;
}

/** What a card says beside its text. */
export interface DeliveredApproval {
  id: string;
  status: ApprovalStatus;
  codeKeyId: string;
  tool: string;
  decidedBy: string | null;
  decidedVia: string | null;
  /** ISO 8601. */
  decidedAt: string | null;
  feedback: string | null;
}

/** The answer of a try that nobody heard of again. */
const silent = 'The send did not report back.';

/**
 * What the house says on its way to Telegram; for the core role. A row is sent only after its compare-and-set `claimed →
 * sending` is committed, and from `sending` it never goes back to the line unless Telegram said that nothing was sent.
 */
export function createDeliveryStore(db: Postgres, releaseHeld: (ownerId: string) => Promise<void>) {
  /** Whoever died holding a claim gives it back; what he was sending is unknown. */
  async function endLeases(accountId: string): Promise<void> {
    await db.query(
      `UPDATE core.deliveries SET status = CASE status WHEN 'claimed' THEN 'waiting' ELSE 'unknown' END,
         settled = status = 'sending', detail = $2
       WHERE account_id = $1 AND NOT settled AND status IN ('claimed', 'sending') AND lease_until <= clock_timestamp()`,
      [accountId, silent],
    );
  }

  async function changed(sql: string, params: readonly unknown[]): Promise<boolean> {
    return (await db.query(sql, params)).rowCount > 0;
  }

  return {
    /** The accounts to which something must be shown now. */
    async dueAccounts(): Promise<Array<{ accountId: string; ownerId: string }>> {
      const { rows } = await db.query<{ accountId: string; ownerId: string }>(
        `${due} SELECT DISTINCT account_id AS "accountId", owner_id AS "ownerId" FROM due`,
      );
      return rows;
    },

    /** What an account is shown next, reactions and edits first; null when nothing is due. */
    async next(accountId: string): Promise<DeliveryRef | null> {
      const { rows: accounts } = await db.query<{ owner_id: string }>(
        'SELECT owner_id FROM core.owner_accounts WHERE id = $1',
        [accountId],
      );
      if (accounts[0] === undefined) return null;
      await releaseHeld(accounts[0].owner_id);
      await endLeases(accountId);
      const { rows } = await db.query<DeliveryRef>(
        `${due} SELECT id AS "deliveryId", number + 1 AS number FROM due WHERE account_id = $1 ORDER BY in_line, seq LIMIT 1`,
        [accountId],
      );
      return rows[0] ?? null;
    },

    async get(deliveryId: string): Promise<Delivery | null> {
      const { rows } = await db.query<Delivery>(
        `SELECT delivery.kind, delivery.status, account.account::float8 AS "chatId",
           delivery.provider_message_id AS "providerMessageId", message.body, answered.provider_message_id AS "replyTo",
           ${wanted} AS wanted,
           CASE WHEN approval.id IS NOT NULL THEN json_build_object('id', approval.id, 'status', approval.status,
             'codeKeyId', approval.code_key_id, 'tool', approval.tool, 'decidedBy', approval.decided_by,
             'decidedVia', approval.decided_via, 'decidedAt', approval.decided_at, 'feedback', approval.feedback) END AS approval
         FROM core.deliveries delivery
         JOIN core.owner_accounts account ON account.id = delivery.account_id
         JOIN core.messages message ON message.id = delivery.message_id
         LEFT JOIN core.approvals approval ON approval.id = message.approval_id
         LEFT JOIN core.deliveries answered ON answered.message_id = message.in_reply_to
           AND answered.account_id = delivery.account_id
         WHERE delivery.id = $1`,
        [deliveryId],
      );
      return rows[0] ?? null;
    },

    /** Takes a waiting message for one try. False when it is not, or no longer, that try's turn. */
    claim: ({ deliveryId, number }: DeliveryRef, leaseMs: number): Promise<boolean> =>
      changed(
        `UPDATE core.deliveries delivery SET status = 'claimed', number = $2,
           lease_until = clock_timestamp() + make_interval(secs => $3)
         WHERE id = $1 AND kind = 'message' AND status = 'waiting' AND number = $2 - 1 AND NOT settled
           AND EXISTS (SELECT FROM core.owner_accounts WHERE id = delivery.account_id AND status = 'active')`,
        [deliveryId, number, leaseMs / 1000],
      ),

    /** The last statement before Telegram is called. False: fenced, nothing may be sent. */
    startSending: ({ deliveryId, number }: DeliveryRef): Promise<boolean> =>
      changed(
        `UPDATE core.deliveries SET status = 'sending'
         WHERE id = $1 AND number = $2 AND status = 'claimed' AND lease_until > clock_timestamp()`,
        [deliveryId, number],
      ),

    /** Writes down how a try ended; a known outcome replaces `unknown`, and a repeat changes nothing. */
    record: (ref: DeliveryRef, end: DeliveryEnd): Promise<boolean> => changed(...recording(ref, end)),

    /**
     * Decides what became of a try that did not report back. One that had not begun to send cannot any more, and another
     * is made after `waitMs`; one that had is unknown. Edits and reactions may be repeated.
     */
    fence: ({ deliveryId, number }: DeliveryRef, waitMs: number): Promise<boolean> =>
      changed(
        `UPDATE core.deliveries SET number = $2, settled = status = 'sending', detail = $4,
           status = CASE status WHEN 'claimed' THEN 'waiting' WHEN 'sending' THEN 'unknown' ELSE status END,
           retry_at = greatest(retry_at, clock_timestamp() + make_interval(secs => $3))
         WHERE id = $1 AND NOT settled AND (number = $2 OR number = $2 - 1 AND status IN ('waiting', 'delivered'))`,
        [deliveryId, number, waitMs / 1000, silent],
      ),
  };
}

export type DeliveryStore = ReturnType<typeof createDeliveryStore>;
