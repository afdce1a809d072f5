import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connectPostgres, type Postgres } from '../../../adapters/postgres.ts';
import { createSessionStore, type SessionStore, type Turn } from '../../../adapters/store/sessions.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { makeOwner } from '../../support/stores.ts';

let database: TestDatabase;
let core: Postgres;
let sessions: SessionStore;
let sessionId: string;

beforeAll(async () => {
  database = await createTestDatabase();
  core = connectPostgres({ url: database.urlAs('majordomo_core'), env: {} });
  sessions = createSessionStore(core);
});
beforeEach(async () => {
  sessionId = randomUUID();
  await open();
});
afterAll(async () => {
  await core.close();
  await database.drop();
});

async function open(): Promise<void> {
  const { ownerId } = await makeOwner(core);
  await sessions.openSession({
    id: sessionId,
    ownerId,
    butler: 'household',
    purpose: 'read_groceries',
    mode: 'execution',
    triggerSource: 'api',
    model: 'haiku',
    messageId: null,
    workflowId: 'message-1',
  });
}

const usage = { inputTokens: 3, outputTokens: 2, cacheReadTokens: 1, cacheWriteTokens: 4 };
const ok: Turn['outcome'] = { status: 'ok', response: '{}', result: ['milk'], toolCalls: 1, usage };
const turn = (outcome: Turn['outcome']): Turn => {
  return { sessionId, turnNum: 1, startedAt: new Date(), userMessage: 'milk', model: 'haiku', outcome };
};

async function session() {
  const { rows } = await core.query('SELECT status, success, error, ended_at FROM core.sessions WHERE id = $1', [
    sessionId,
  ]);
  return rows[0];
}

describe('turns', () => {
  it('keep a good answer', async () => {
    await sessions.recordTurn(turn(ok));
    await sessions.recordTurn(turn({ status: 'errored', errorNote: 'late', usage: null }));
    await sessions.recordTurn(turn({ status: 'ok', response: 'other', result: [], toolCalls: 1, usage }));
    expect(await sessions.getTurn(sessionId, 1)).toEqual({
      status: 'ok',
      result: ['milk'],
      model: 'haiku',
      errorNote: null,
    });
    const { rows } = await core.query(
      'SELECT tokens_in, tokens_out, tokens_cache_read, tokens_cache_write, tool_calls_count FROM core.turns WHERE session_id = $1',
      [sessionId],
    );
    expect(rows).toEqual([
      { tokens_in: 3, tokens_out: 2, tokens_cache_read: 1, tokens_cache_write: 4, tool_calls_count: 1 },
    ]);
  });

  it('overwrite an error with what the retry brought, and keep the error in the history', async () => {
    await sessions.recordTurn(turn({ status: 'errored', errorNote: 'overloaded', usage: null }));
    expect(await sessions.getTurn(sessionId, 1)).toMatchObject({ status: 'errored', errorNote: 'overloaded' });
    await sessions.recordTurn(turn(ok));
    expect(await sessions.getTurn(sessionId, 1)).toMatchObject({ status: 'ok', errorNote: null });
    const { rows } = await core.query('SELECT status, error_note FROM core.turns_history WHERE session_id = $1', [
      sessionId,
    ]);
    expect(rows).toEqual([{ status: 'errored', error_note: 'overloaded' }]);
    expect(await sessions.getTurn(sessionId, 2)).toBeNull();
  });
});

describe('sessions', () => {
  it('open again after a failure, and never after a success', async () => {
    await sessions.endSession(sessionId, { success: false, error: 'overloaded' });
    expect(await session()).toMatchObject({ status: 'ended', success: false, error: 'overloaded' });
    await open();
    expect(await session()).toMatchObject({ status: 'active', success: null, error: null, ended_at: null });
    await sessions.endSession(sessionId, { success: true, error: null });
    await open();
    await sessions.endSession(sessionId, { success: false, error: 'late' });
    expect(await session()).toMatchObject({ status: 'ended', success: true, error: null });
  });
});
