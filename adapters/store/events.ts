import type { ApprovalEvent, BoardEvent } from '../../contracts/events.ts';
import type { Postgres } from '../postgres.ts';

/**
 * A place in a stream. Transactions commit in another order than they begin, but below the oldest one that still runs
 * (`pg_snapshot_xmin`) nothing new appears: there (xact, kind, seq) is an order that every reader sees alike.
 */
export interface Position {
  /** Transaction ids count within one Postgres alone: its system identifier, or its last restore, which counts anew. */
  readonly system: string;
  readonly xact: string;
  /** Which table, as the order within one transaction. */
  readonly kind: number;
  readonly seq: number;
}

/** An event and the place behind it. */
export interface Placed<Event> {
  readonly event: Event;
  readonly at: Position;
}

export interface EventPage<Event> {
  readonly events: readonly Placed<Event>[];
  /** From where to read on. */
  readonly next: Position;
}

/** A row of a page; xact is null in the one row of an empty page, which has the horizon alone. */
interface Found {
  horizon: string;
  xact: string | null;
  kind: number;
  seq: number;
  happened: Date;
}

/** One statement, so that the horizon and the rows are of one snapshot. `rows` selects xact, kind, seq and what is told. */
const below = (rows: string, told: string) => `
  WITH horizon AS MATERIALIZED (SELECT pg_snapshot_xmin(pg_current_snapshot()) AS xmin)
  SELECT horizon.xmin::text AS horizon, xact::text, kind, seq, happened, ${told}
  FROM horizon LEFT JOIN LATERAL (
    SELECT * FROM (${rows}) AS event
    WHERE xact < horizon.xmin AND (xact, kind, seq) > ($2::xid8, $3::int, $4::bigint)
    ORDER BY xact, kind, seq LIMIT $5
  ) AS found ON true ORDER BY found.xact, kind, seq`;

const itemEvents = (table: string, name: string, kind: number) => `
  SELECT event.xact, ${kind} AS kind, event.seq, event.created_at AS happened, '${name}' AS source, event.item_id,
    event.stage, event.event
  FROM core.${table} event JOIN core.pipeline_items item ON item.id = event.item_id
  WHERE item.owner_id = $1 AND item.chain = $6 AND event.xact >= $2::xid8`;
const boardRows = below(
  `${itemEvents('stage_events', 'stage', 1)} UNION ALL ${itemEvents('invariant_events', 'invariant', 2)}`,
  'source, item_id, stage, event',
);

const approvalRows = below(
  `SELECT event.xact, 1 AS kind, event.seq, event.created_at AS happened, event.approval_id, event.event, approval.status,
     event.verdict, event.via
   FROM core.approval_events event JOIN core.approvals approval ON approval.id = event.approval_id
   WHERE approval.owner_id = $1 AND event.xact >= $2::xid8`,
  'approval_id, event, status, verdict, via',
);

interface Wanted {
  ownerId: string;
  after: Position;
  limit: number;
}

/** What happens on the boards and at the gates, in an order in which it can be resumed; for the core role. */
export function createEventStore(db: Postgres) {
  return {
    /** The place behind which is what happens from now on. */
    async now(): Promise<Position> {
      const { rows } = await db.query<{ system: string; xact: string }>(
        `SELECT coalesce((SELECT id::text FROM core.restores ORDER BY created_at DESC LIMIT 1),
           (pg_control_system()).system_identifier::text) AS system, pg_snapshot_xmin(pg_current_snapshot())::text AS xact`,
      );
      if (rows[0] === undefined) throw new Error('The database does not know where it is.');
      return { ...rows[0], kind: 0, seq: 0 };
    },

    /** What happened to an owner's items of a chain. */
    async board(wanted: Wanted & { chain: string }): Promise<EventPage<BoardEvent>> {
      const { rows } = await db.query<BoardRow>(boardRows, [...placeOf(wanted), wanted.chain]);
      return pageOf(rows, wanted, toBoardEvent);
    },

    /** What happened to an owner's gates. */
    async approvals(wanted: Wanted): Promise<EventPage<ApprovalEvent>> {
      const { rows } = await db.query<ApprovalRow>(approvalRows, placeOf(wanted));
      return pageOf(rows, wanted, toApprovalEvent);
    },
  };
}

const placeOf = ({ ownerId, after: { xact, kind, seq }, limit }: Wanted) => [ownerId, xact, kind, seq, limit];

function pageOf<Row extends Found, Event>(
  rows: readonly Row[],
  { after: { system, xact: before }, limit }: Wanted,
  toEvent: (row: Row) => Event,
): EventPage<Event> {
  const events = rows.flatMap((row) => {
    const { xact, kind, seq } = row;
    return xact === null ? [] : [{ event: toEvent(row), at: { system, xact, kind, seq } }];
  });
  const last = events.length === limit ? events.at(-1) : undefined;
  // A page that is not full has passed everything below the horizon, whoever it belonged to.
  return { events, next: last?.at ?? { system, xact: rows[0]?.horizon ?? before, kind: 0, seq: 0 } };
}

type BoardRow = Found & { source: BoardEvent['kind'] } & Pick<BoardEvent, 'item_id' | 'stage' | 'event'>;
function toBoardEvent({ source, item_id, stage, event, happened }: BoardRow): BoardEvent {
  return { kind: source, item_id, stage, event, at: happened.toISOString() };
}

type ApprovalRow = Found & Omit<ApprovalEvent, 'at'>;
function toApprovalEvent({ approval_id, event, status, verdict, via, happened }: ApprovalRow): ApprovalEvent {
  return { approval_id, event, status, verdict, via, at: happened.toISOString() };
}

export type EventStore = ReturnType<typeof createEventStore>;
