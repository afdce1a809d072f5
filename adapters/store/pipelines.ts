import { deriveId } from '../../contracts/ids.ts';
import type { ChainDefinition, ItemState, ItemStatus, StageDefinition, StageState } from '../../contracts/pipelines.ts';
import type { Postgres, Queryable } from '../postgres.ts';
import { cancelItem, recordEvent } from './pipeline-rows.ts';

/** An item under its row's lock, for as long as one transaction lasts. */
export interface LockedItem {
  /** The transaction, for the queries that look for evidence. */
  readonly tx: Queryable;
  readonly id: string;
  readonly status: ItemStatus;
  readonly stage: string;
  /** The chain that it began with. */
  readonly chain: ChainDefinition;
  /** The stage holds: writes the evidence, and enters the next stage or, with null, is done with the chain. */
  done(stage: StageDefinition, evidence: Record<string, unknown>, next: StageDefinition | null): Promise<void>;
  /** The stage does not hold: somebody claims it, or it is open. */
  notDone(finding: { claimed: boolean; missing: string }): Promise<void>;
}

/** A recorded break, as the owner is to hear of it. */
export interface Break {
  title: string;
  ownerId: string;
  butler: string;
  /** Where the owner hears of it; null when the item did not come from a conversation. */
  conversationId: string | null;
  reason: string;
  nextAction: string;
}

export interface BreakRequest {
  itemId: string;
  stage: string;
  persona: string;
  nextAction: string;
  /** The reason in one sentence, from when the item entered the stage. */
  describe: (since: Date) => string;
}

interface ItemRow {
  id: string;
  ownerId: string;
  butler: string;
  status: ItemStatus;
  stage: string;
  stageState: StageState;
  reason: string | null;
  chain: ChainDefinition;
}

interface StateRow extends ItemRow {
  deadline: Date | null;
  deadlineInMs: number | null;
  broken: boolean;
}

const columns = `item.id, item.owner_id AS "ownerId", item.butler, item.status, item.stage, item.stage_state AS "stageState",
  item.reason, item.metadata -> 'chain' AS chain`;

async function lock(tx: Queryable, itemId: string): Promise<ItemRow | undefined> {
  const { rows } = await tx.query<ItemRow>(`SELECT ${columns} FROM core.pipeline_items item WHERE id = $1 FOR UPDATE`, [
    itemId,
  ]);
  return rows[0];
}

async function readState(tx: Queryable, itemId: string): Promise<ItemState | null> {
  const { rows } = await tx.query<StateRow>(
    `SELECT ${columns}, item.deadline,
       ceil(extract(epoch FROM item.deadline - clock_timestamp()) * 1000)::float8 AS "deadlineInMs",
       EXISTS (SELECT FROM core.invariant_events broken
         WHERE broken.item_id = item.id AND broken.stage = item.stage AND broken.event = 'break') AS broken
     FROM core.pipeline_items item WHERE id = $1`,
    [itemId],
  );
  const row = rows[0];
  if (row === undefined) return null;
  const { id, ownerId, status, stage, stageState, deadlineInMs, broken } = row;
  return {
    itemId: id,
    ownerId,
    status,
    stage,
    stageState,
    deadline: row.deadline?.toISOString() ?? null,
    deadlineInMs,
    broken,
  };
}

function lockedItem(tx: Queryable, row: ItemRow): LockedItem {
  const { id, butler, chain } = row;

  async function enter(next: StageDefinition): Promise<void> {
    await tx.query(
      `UPDATE core.pipeline_items SET stage = $2, stage_state = 'open', stage_since = clock_timestamp(),
         deadline = clock_timestamp() + $3::float8 * interval '1 millisecond', next_action = $4, reason = NULL WHERE id = $1`,
      [id, next.name, next.deadlineMs, next.nextAction],
    );
    await recordEvent(tx, { itemId: id, butler, stage: next.name, event: 'entered' });
    Object.assign(row, { stage: next.name, stageState: 'open', reason: null });
  }

  async function finish(): Promise<void> {
    await tx.query(
      `UPDATE core.pipeline_items SET status = 'done', stage_state = 'done', deadline = NULL, next_action = NULL, reason = NULL
       WHERE id = $1`,
      [id],
    );
    Object.assign(row, { status: 'done', stageState: 'done', reason: null });
  }

  async function turn(stageState: StageState, reason: string): Promise<void> {
    await tx.query('UPDATE core.pipeline_items SET stage_state = $2, reason = $3 WHERE id = $1', [
      id,
      stageState,
      reason,
    ]);
    Object.assign(row, { stageState, reason });
  }

  return {
    tx,
    id,
    chain,
    get status() {
      return row.status;
    },
    get stage() {
      return row.stage;
    },
    async done(stage, evidence, next) {
      const proof = { evidenceKind: stage.evidence, evidence };
      await recordEvent(tx, { itemId: id, butler, stage: stage.name, event: 'done', ...proof });
      await (next === null ? finish() : enter(next));
    },
    async notDone({ claimed, missing }) {
      if (!claimed) {
        // A reason that is there says more: how the last purchase ended, say.
        if (row.stageState === 'claimed' || row.reason === null) await turn('open', missing);
        return;
      }
      if (row.stageState === 'claimed' && row.reason === missing) return;
      const earlier = await tx.query<{ count: number }>(
        "SELECT count(*) AS count FROM core.stage_events WHERE item_id = $1 AND stage = $2 AND event = 'claimed'",
        [id, row.stage],
      );
      const dedupe = String(earlier.rows[0]?.count ?? 0);
      await recordEvent(tx, { itemId: id, butler, stage: row.stage, event: 'claimed', dedupe, evidence: { missing } });
      await turn('claimed', missing);
    },
  };
}

/** Items of every chain that the connected role may see; a butler's role sees its own. */
export function createPipelineStore(db: Postgres) {
  return {
    /** Runs `work` in one transaction under the item's lock and answers the state after it; null when there is no item. */
    async withItem(itemId: string, work: (item: LockedItem) => Promise<void>): Promise<ItemState | null> {
      return db.transaction(async (tx) => {
        const row = await lock(tx, itemId);
        if (row === undefined) return null;
        await work(lockedItem(tx, row));
        return readState(tx, itemId);
      });
    },

    /** The chain that an item began with; null when there is no item. */
    async chainOf(itemId: string): Promise<ChainDefinition | null> {
      const { rows } = await db.query<Pick<ItemRow, 'chain'>>(
        `SELECT metadata -> 'chain' AS chain FROM core.pipeline_items WHERE id = $1`,
        [itemId],
      );
      return rows[0]?.chain ?? null;
    },

    /** Ends an open item without its outcome; false when it was not open. */
    async cancel(itemId: string, reason: string): Promise<boolean> {
      return db.transaction((tx) => cancelItem(tx, itemId, { reason, evidence: { reason } }));
    },

    /**
     * Records once that a stage is overdue and names the next action on the item. Null when the item has meanwhile left
     * the stage or ended, so that nothing is overdue.
     */
    async recordBreak(request: BreakRequest): Promise<Break | null> {
      const { itemId, stage } = request;
      return db.transaction(async (tx) => {
        const row = await lock(tx, itemId);
        if (row === undefined) return null;
        const known = await readBreak(tx, itemId, stage);
        if (known !== null || row.status !== 'open' || row.stage !== stage) return known;
        const { rows } = await tx.query<{ since: Date }>(
          'UPDATE core.pipeline_items SET next_action = $2 WHERE id = $1 RETURNING stage_since AS since',
          [itemId, request.nextAction],
        );
        const reason = request.describe(rows[0]?.since ?? new Date());
        await tx.query(
          `INSERT INTO core.invariant_events (id, source, butler, item_id, stage, event, persona, reason, next_action)
           VALUES ($1, 'majordomo', $2, $3, $4, 'break', $5, $6, $7)`,
          [deriveId('break', itemId, stage), row.butler, itemId, stage, request.persona, reason, request.nextAction],
        );
        return readBreak(tx, itemId, stage);
      });
    },
  };
}

async function readBreak(tx: Queryable, itemId: string, stage: string): Promise<Break | null> {
  const { rows } = await tx.query<Break>(
    `SELECT item.title, item.owner_id AS "ownerId", item.butler, item.conversation_id AS "conversationId", broken.reason,
       broken.next_action AS "nextAction"
     FROM core.invariant_events broken JOIN core.pipeline_items item ON item.id = broken.item_id
     WHERE broken.item_id = $1 AND broken.stage = $2 AND broken.event = 'break' AND broken.dedupe = ''`,
    [itemId, stage],
  );
  return rows[0] ?? null;
}

export type PipelineStore = ReturnType<typeof createPipelineStore>;
