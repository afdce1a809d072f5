import { randomUUID } from 'node:crypto';
import type { Postgres, Queryable } from '../postgres.ts';
import { writeOutbound } from './messages.ts';

/** A restore, as its archive and its time name it. */
export interface Restore {
  /** Made by the caller, so that a repeat is the same restore. */
  id: string;
  /** Everything until then is in the backup. */
  takenAt: Date;
  /** Tools whose channel deduplicates; any other may have sent after the backup. */
  keyedTools: readonly string[];
}

/** The last row of approval_events that came out of a backup; 0 in a house that was never restored. */
export const lastRestoredEvent = 'coalesce((SELECT max(last_event_seq) FROM core.restores), 0)';

/** The detail of a receipt that ends what a backup left open. */
export function restoredDetail(takenAt: Date): string {
  return `Restored from a backup of ${takenAt.toISOString()}; may have been sent after it.`;
}

/** When the backup was taken that this house comes from; null when it was never restored. */
export async function restoredFrom(tx: Queryable): Promise<Date | null> {
  const { rows } = await tx.query<{ takenAt: Date }>(
    'SELECT taken_at AS "takenAt" FROM core.restores ORDER BY created_at DESC LIMIT 1',
  );
  return rows[0]?.takenAt ?? null;
}

/** Ends the open intents of unkeyed channels as unknown, and takes what was approved for them out of reach. */
async function endAsUnknown(tx: Queryable, { takenAt, keyedTools }: Restore): Promise<void> {
  const { rows } = await tx.query<{ id: string; sending: string | null }>(
    `SELECT intent.id, (SELECT attempt.id FROM core.attempts attempt WHERE attempt.intent_id = intent.id
       AND attempt.status = 'sending' ORDER BY attempt.number DESC LIMIT 1) AS sending
     FROM core.intents intent WHERE intent.status = 'open' AND intent.tool <> ALL($1::text[]) FOR UPDATE`,
    [keyedTools],
  );
  for (const { id, sending } of rows) {
    await tx.query(
      `UPDATE core.attempts SET status = CASE status WHEN 'claimed' THEN 'fenced' ELSE 'receipt' END
       WHERE intent_id = $1 AND status IN ('claimed', 'sending')`,
      [id],
    );
    await tx.query(
      `INSERT INTO core.receipts (id, source, status, intent_id, attempt_id, detail) VALUES ($1, 'restore', 'unknown', $2, $3, $4)`,
      [randomUUID(), id, sending, restoredDetail(takenAt)],
    );
    await tx.query(`UPDATE core.intents SET status = 'unknown' WHERE id = $1`, [id]);
  }
  const approvals = await tx.query<{ id: string; hash: string }>(
    `UPDATE core.approvals SET status = 'unknown' WHERE status IN ('approved', 'executing') AND tool <> ALL($1::text[])
     RETURNING id, action_hash AS hash`,
    [keyedTools],
  );
  for (const { id, hash } of approvals.rows) {
    await tx.query(
      `INSERT INTO core.approval_events (id, source, approval_id, event, action_hash) VALUES ($1, 'restore', $2, 'unknown', $3)`,
      [randomUUID(), id, hash],
    );
  }
}

/** What was to be shown in a chat may have been shown after the backup: it is not shown again. */
async function endDeliveries(tx: Queryable, { takenAt }: Restore): Promise<void> {
  await tx.query(
    `UPDATE core.deliveries SET status = 'unknown', settled = true, detail = $1
     WHERE NOT settled AND status IN ('waiting', 'claimed', 'sending')`,
    [restoredDetail(takenAt)],
  );
}

/** More than a house says between a backup and its restore. */
const messagesSince = 1_000_000;

/** Readers come back with cursors from after the backup; whatever is said from now on is behind them. */
async function passCursors(tx: Queryable): Promise<void> {
  const sequence = "pg_get_serial_sequence('core.messages', 'seq')";
  await tx.query(`SELECT setval(${sequence}, nextval(${sequence}) + $1)`, [messagesSince]);
}

const notice = (takenAt: Date): string =>
  `This house was restored from a backup of ${takenAt.toISOString()}. What happened after that is not known here: an order may ` +
  'have gone out, and an answer of yours may be missing. Look at your orders before you approve anything that is still asked. ' +
  'What is on its way already: say no, then that it is not needed any more. What you told the house after that time: tell it again.';

/** Tells every owner once, where he last spoke with the house. */
async function tellOwners(tx: Queryable, { id, takenAt }: Restore): Promise<void> {
  const { rows } = await tx.query<{ ownerId: string; conversationId: string; butler: string }>(
    `SELECT DISTINCT ON (owner_id) owner_id AS "ownerId", conversation_id AS "conversationId", butler
     FROM core.messages ORDER BY owner_id, seq DESC`,
  );
  for (const owner of rows) {
    await writeOutbound(tx, {
      ...owner,
      kind: 'notice',
      persona: null,
      body: notice(takenAt),
      dedupeKey: `restored:${id}`,
    });
  }
}

/** What a house has been restored from; for the core role. */
export function createRestoreStore(db: Postgres) {
  return {
    /**
     * Marks what a backup cannot know, in one transaction and once per restore: what may have left the house ends as
     * unknown, decisions made before count no more, and the owners are told. False when it was done before.
     */
    async record(restore: Restore): Promise<boolean> {
      return db.transaction(async (tx) => {
        const { rowCount } = await tx.query(
          `INSERT INTO core.restores (id, source, taken_at, last_event_seq)
           SELECT $1, 'restore', $2, coalesce(max(seq), 0) FROM core.approval_events ON CONFLICT (id) DO NOTHING`,
          [restore.id, restore.takenAt],
        );
        if (rowCount === 0) return false;
        await endAsUnknown(tx, restore);
        await endDeliveries(tx, restore);
        await passCursors(tx);
        await tellOwners(tx, restore);
        return true;
      });
    },
  };
}
