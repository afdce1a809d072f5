import { deriveId } from '../../contracts/ids.ts';
import type { TokenUsage } from '../../contracts/reader.ts';
import type { Postgres } from '../postgres.ts';

/** One loop of model calls: what it is for and what set it off. */
export interface Session {
  id: string;
  ownerId: string;
  butler: string;
  purpose: string;
  mode: 'sparring' | 'execution' | 'debug';
  triggerSource: string;
  model: string;
  messageId: string | null;
  workflowId: string;
}

/** One model call. `result` is what its answer was parsed into; the next step reads this, never the text again. */
export interface Turn {
  sessionId: string;
  /** From 1. */
  turnNum: number;
  startedAt: Date;
  userMessage: string;
  model: string;
  outcome:
    | { status: 'ok'; response: string; result: unknown; toolCalls: number; usage: TokenUsage }
    | { status: 'errored'; errorNote: string; usage: TokenUsage | null };
}

/** A turn as it is read back. */
export interface TurnRow {
  status: 'ok' | 'errored' | 'archived';
  result: unknown;
  model: string;
  errorNote: string | null;
}

const nothing: TokenUsage = { inputTokens: 0, outputTokens: 0, cacheReadTokens: 0, cacheWriteTokens: 0 };

/** The record of every model call; for the core role. No price is known to the house, so costs stay null. */
export function createSessionStore(db: Postgres) {
  return {
    /** Opens a session, or opens it again after an attempt that failed. */
    async openSession(session: Session): Promise<void> {
      await db.query(
        `INSERT INTO core.sessions (id, source, owner_id, butler, purpose, mode, trigger_source, model, message_id,
           workflow_id, started_at)
         VALUES ($1, 'majordomo', $2, $3, $4, $5, $6, $7, $8, $9, clock_timestamp())
         ON CONFLICT (id) DO UPDATE SET status = 'active', ended_at = NULL, success = NULL, error = NULL, model = excluded.model
         WHERE core.sessions.success IS FALSE`,
        [
          session.id,
          session.ownerId,
          session.butler,
          session.purpose,
          session.mode,
          session.triggerSource,
          session.model,
          session.messageId,
          session.workflowId,
        ],
      );
    },

    async getTurn(sessionId: string, turnNum: number): Promise<TurnRow | null> {
      const { rows } = await db.query<TurnRow>(
        `SELECT status, result, model, error_note AS "errorNote" FROM core.turns WHERE session_id = $1 AND turn_num = $2`,
        [sessionId, turnNum],
      );
      return rows[0] ?? null;
    },

    /** Writes a turn. One that was ok stays; an errored one is overwritten, its history twin keeps it. */
    async recordTurn(turn: Turn): Promise<void> {
      const { outcome } = turn;
      const ok = outcome.status === 'ok' ? outcome : null;
      const usage = outcome.usage ?? nothing;
      await db.query(
        `INSERT INTO core.turns (id, source, session_id, turn_num, started_at, ended_at, user_message, model, status,
           assistant_response, result, tool_calls_count, error_note, tokens_in, tokens_out, tokens_cache_read, tokens_cache_write)
         VALUES ($1, 'majordomo', $2, $3, $4, clock_timestamp(), $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
         ON CONFLICT (session_id, turn_num) DO UPDATE SET started_at = excluded.started_at, ended_at = excluded.ended_at,
           user_message = excluded.user_message, model = excluded.model, status = excluded.status,
           assistant_response = excluded.assistant_response, result = excluded.result,
           tool_calls_count = excluded.tool_calls_count, error_note = excluded.error_note, tokens_in = excluded.tokens_in,
           tokens_out = excluded.tokens_out, tokens_cache_read = excluded.tokens_cache_read,
           tokens_cache_write = excluded.tokens_cache_write
         WHERE core.turns.status = 'errored'`,
        [
          deriveId('turn', turn.sessionId, String(turn.turnNum)),
          turn.sessionId,
          turn.turnNum,
          turn.startedAt,
          turn.userMessage,
          turn.model,
          outcome.status,
          ok?.response ?? null,
          ok === null ? null : JSON.stringify(ok.result),
          ok?.toolCalls ?? 0,
          outcome.status === 'errored' ? outcome.errorNote : null,
          usage.inputTokens,
          usage.outputTokens,
          usage.cacheReadTokens,
          usage.cacheWriteTokens,
        ],
      );
    },

    /** Ends a session whose call never came back: its worker was killed, or its time was over. */
    async abandonSession(id: string, error: string): Promise<void> {
      await db.query(
        `UPDATE core.sessions SET status = 'abandoned', ended_at = clock_timestamp(), success = false, error = $2
         WHERE id = $1 AND status = 'active'`,
        [id, error],
      );
    },

    /** Ends a session; one that succeeded stays ended so. */
    async endSession(id: string, end: { success: boolean; error: string | null }): Promise<void> {
      await db.query(
        `UPDATE core.sessions SET status = 'ended', ended_at = clock_timestamp(), success = $2, error = $3
         WHERE id = $1 AND success IS DISTINCT FROM true`,
        [id, end.success, end.error],
      );
    },
  };
}

export type SessionStore = ReturnType<typeof createSessionStore>;
