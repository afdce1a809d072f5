import { randomUUID } from 'node:crypto';
import { sha256 } from '../../contracts/action.ts';
import type { ApprovalStatus, Decision, DecisionOutcome, DecisionVia, Verdict } from '../../contracts/approvals.ts';
import type { Postgres, Queryable } from '../postgres.ts';
import {
  type Approval,
  type ApprovalEvent,
  type ApprovalRequest,
  type ApprovalRow,
  type Asked,
  columns,
  outcome,
  toApproval,
} from './approval-rows.ts';
import { lastRestoredEvent } from './restores.ts';

export type { Approval, ApprovalEvent, ApprovalRequest, Asked } from './approval-rows.ts';

interface Authority {
  approver: string;
  via: DecisionVia;
  feedback: string | null;
}

/**
 * The gates' truth. Every function is idempotent by its ids, and the status changes only by compare-and-set under the
 * row's lock, so that two decisions at once have one winner.
 */
export function createApprovalStore(db: Postgres) {
  async function lock(tx: Queryable, id: string): Promise<ApprovalRow | undefined> {
    const { rows } = await tx.query<ApprovalRow>(`SELECT ${columns} FROM core.approvals WHERE id = $1 FOR UPDATE`, [
      id,
    ]);
    return rows[0];
  }

  async function record(
    tx: Queryable,
    row: { id: string; action_hash: string },
    event: string,
    facts: { decisionId?: string; verdict?: Verdict; approver?: string; via?: string; feedback?: string | null } = {},
  ): Promise<void> {
    await tx.query(
      `INSERT INTO core.approval_events (id, source, approval_id, event, decision_id, verdict, approver, via, action_hash, feedback)
       VALUES ($1, 'gate', $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
      [
        randomUUID(),
        row.id,
        event,
        facts.decisionId ?? null,
        facts.verdict ?? null,
        facts.approver ?? null,
        facts.via ?? null,
        row.action_hash,
        facts.feedback ?? null,
      ],
    );
  }

  /** Whether the gate came out of a backup: its code, and what was said at it, may have been used since. */
  async function isRestored(tx: Queryable, id: string): Promise<boolean> {
    const { rows } = await tx.query(
      `SELECT FROM core.approval_events WHERE approval_id = $1 AND seq <= ${lastRestoredEvent} LIMIT 1`,
      [id],
    );
    return rows.length > 0;
  }

  /**
   * The code's own authority ends at medium risk, and with a restore; a door's row must name the same verdict, hash and a
   * known account, and be younger than the last restore.
   */
  async function authorityOf(tx: Queryable, row: ApprovalRow, decision: Decision): Promise<Authority | null> {
    if (decision.code !== undefined) {
      const strong = row.risk_tier === 'high' || row.risk_tier === 'critical';
      const known = sha256(normaliseCode(decision.code)) === row.code_hash && !(await isRestored(tx, row.id));
      return known && !strong ? { approver: 'code', via: 'signal', feedback: decision.feedback ?? null } : null;
    }
    const { rows } = await tx.query<Authority>(
      `SELECT event.approver, event.via, event.feedback FROM core.approval_events event
       JOIN core.owner_accounts account ON account.owner_id = $2 AND account.status = 'active'
         AND account.channel || ':' || account.account = event.approver
       WHERE event.approval_id = $1 AND event.event = 'asked' AND event.decision_id = $3
         AND event.verdict = $4 AND event.action_hash = $5 AND event.seq > ${lastRestoredEvent}`,
      [row.id, row.owner_id, decision.decisionId, decision.verdict, row.action_hash],
    );
    return rows[0] ?? null;
  }

  async function closeAs(tx: Queryable, row: ApprovalRow, status: ApprovalStatus, facts: Partial<ApprovalRow> = {}) {
    const { rows } = await tx.query<ApprovalRow>(
      `UPDATE core.approvals SET status = $2, decision_id = $3, decided_at = clock_timestamp(), decided_by = $4,
         decided_via = $5, feedback = $6 WHERE id = $1 RETURNING ${columns}`,
      [
        row.id,
        status,
        facts.decision_id ?? null,
        facts.decided_by ?? null,
        facts.decided_via ?? null,
        facts.feedback ?? null,
      ],
    );
    return rows[0] ?? row;
  }

  async function expire(tx: Queryable, row: ApprovalRow): Promise<ApprovalRow> {
    await record(tx, row, 'expired');
    return closeAs(tx, row, 'expired', { decided_by: 'time', decided_via: 'expiry' });
  }

  return {
    /** Opens a gate, or finds the one that an earlier life of the same flow opened. */
    async request(request: ApprovalRequest): Promise<Approval> {
      return db.transaction(async (tx) => {
        const { action } = request;
        await tx.query(
          `INSERT INTO core.approvals (id, source, owner_id, butler, conversation_id, requester_workflow_id, tool, tool_version,
             args, account, nonce, action_hash, code_hash, code_key_id, risk_tier, expires_at)
           VALUES ($1, 'gate', $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, now() + make_interval(secs => $15))
           ON CONFLICT (id) DO NOTHING`,
          [
            request.id,
            request.ownerId,
            request.butler,
            request.conversationId,
            request.requesterWorkflowId,
            action.tool,
            action.toolVersion,
            JSON.stringify(action.args),
            action.account,
            action.nonce,
            request.actionHash,
            request.codeHash,
            request.codeKeyId,
            request.riskTier,
            request.expiresAfterMs / 1000,
          ],
        );
        const row = await lock(tx, request.id);
        if (row === undefined) {
          throw new Error('An approval that was just inserted cannot be read.');
        }
        await record(tx, row, 'requested');
        return toApproval(row);
      });
    },

    /** The approval, or null; with an owner, null also when it is somebody else's. */
    async get(id: string, ownerId?: string): Promise<Approval | null> {
      const { rows } = await db.query<ApprovalRow>(
        `SELECT ${columns} FROM core.approvals WHERE id = $1 AND ($2::uuid IS NULL OR owner_id = $2)`,
        [id, ownerId ?? null],
      );
      return rows[0] ? toApproval(rows[0]) : null;
    },

    /** Newest first; `before` is the cursor: the creation time and id of the last one seen. */
    async list(
      ownerId: string,
      filter: { status?: ApprovalStatus; limit: number; before?: { createdAt: Date; id: string } },
    ): Promise<Approval[]> {
      const { rows } = await db.query<ApprovalRow>(
        `SELECT ${columns} FROM core.approvals WHERE owner_id = $1 AND ($2::text IS NULL OR status = $2)
           AND ($3::timestamptz IS NULL OR (date_trunc('milliseconds', created_at), id) < ($3, $4::uuid))
         ORDER BY date_trunc('milliseconds', created_at) DESC, id DESC LIMIT $5`,
        [ownerId, filter.status ?? null, filter.before?.createdAt ?? null, filter.before?.id ?? null, filter.limit],
      );
      return rows.map(toApproval);
    },

    async events(id: string): Promise<ApprovalEvent[]> {
      const { rows } = await db.query<ApprovalEvent>(
        `SELECT seq, created_at AS at, event, verdict, approver, via, feedback FROM core.approval_events
         WHERE approval_id = $1 ORDER BY seq`,
        [id],
      );
      return rows;
    },

    /**
     * A door's record of what an authenticated owner wants. It decides nothing by itself. Null when the gate is not
     * this owner's; the status tells whether asking still makes sense.
     */
    async recordAsked(asked: Asked): Promise<Approval | null> {
      return db.transaction(async (tx) => {
        const row = await lock(tx, asked.approvalId);
        if (row === undefined || row.owner_id !== asked.ownerId) {
          return null;
        }
        await record(tx, row, 'asked', asked);
        return toApproval(row);
      });
    },

    /** Somebody pressed who may not, or with a code that is not the gate's. False when the gate is not this owner's. */
    async recordRefused(refused: Omit<Asked, 'feedback'>): Promise<boolean> {
      return db.transaction(async (tx) => {
        const row = await lock(tx, refused.approvalId);
        if (row === undefined || row.owner_id !== refused.ownerId) return false;
        await record(tx, row, 'refused', refused);
        return true;
      });
    },

    /** What doors recorded and no decision has answered yet, oldest first: their signal was lost, or is on its way. */
    async unanswered(approvalId: string): Promise<Decision[]> {
      const { rows } = await db.query<{ decisionId: string; verdict: Verdict }>(
        `SELECT asked.decision_id AS "decisionId", asked.verdict FROM core.approval_events asked
         WHERE asked.approval_id = $1 AND asked.event = 'asked' AND NOT EXISTS (
           SELECT FROM core.approval_events answer WHERE answer.approval_id = asked.approval_id
             AND answer.decision_id = asked.decision_id AND answer.event <> 'asked')
         ORDER BY asked.seq LIMIT 50`,
        [approvalId],
      );
      return rows;
    },

    /** Decides: authority, expiry, first decision wins. A repeat of the winning decision is told that it was first. */
    async decide(approvalId: string, decision: Decision): Promise<DecisionOutcome | null> {
      return db.transaction(async (tx) => {
        const row = await lock(tx, approvalId);
        if (row === undefined) {
          return null;
        }
        if (row.status !== 'pending') {
          const repeated = row.decision_id === decision.decisionId;
          if (!repeated) {
            await record(tx, row, 'late', decision);
          }
          return outcome(row, repeated);
        }
        const authority = await authorityOf(tx, row, decision);
        if (authority === null) {
          await record(tx, row, 'refused', { decisionId: decision.decisionId, verdict: decision.verdict });
          return outcome(row, false, false);
        }
        if (row.expires_in_ms <= 0) {
          return outcome(await expire(tx, row), false);
        }
        const status = decision.verdict === 'approve' ? 'approved' : 'rejected';
        await record(tx, row, status, { ...decision, ...authority });
        const decided = await closeAs(tx, row, status, {
          decision_id: decision.decisionId,
          decided_by: authority.approver,
          decided_via: authority.via,
          feedback: authority.feedback,
        });
        return outcome(decided, true);
      });
    },

    /** Closes a pending gate whose time is over, by the database's clock; anything else is returned as it stands. */
    async expire(approvalId: string): Promise<DecisionOutcome | null> {
      return db.transaction(async (tx) => {
        const row = await lock(tx, approvalId);
        if (row === undefined) {
          return null;
        }
        return row.status === 'pending' && row.expires_in_ms <= 0
          ? outcome(await expire(tx, row), true)
          : outcome(row, false);
      });
    },

    /**
     * Closes a gate without a decision, or takes back a yes that nothing was begun on; `reason` goes to the record. A gate
     * in another state than `from` is returned as it stands.
     */
    async cancel(
      approvalId: string,
      reason: string,
      from: readonly ApprovalStatus[] = ['pending', 'approved'],
    ): Promise<DecisionOutcome | null> {
      return db.transaction(async (tx) => {
        const row = await lock(tx, approvalId);
        if (row === undefined || !from.includes(row.status)) {
          return row === undefined ? null : outcome(row, false);
        }
        await record(tx, row, 'cancelled', { feedback: reason });
        return outcome(
          await closeAs(tx, row, 'cancelled', { decided_by: 'house', decided_via: 'cancel', feedback: reason }),
          true,
        );
      });
    },
  };
}

export type ApprovalStore = ReturnType<typeof createApprovalStore>;

/** Codes are shown in groups and typed by people: case, spaces and hyphens do not count. */
export function normaliseCode(code: string): string {
  return code.toUpperCase().replaceAll(/[\s-]/gu, '');
}
