import type { TimelineEntry } from '../../contracts/api.ts';
import type { Postgres } from '../postgres.ts';

interface Row extends Omit<TimelineEntry, 'at' | 'evidence'> {
  at: Date;
  evidence_kind: string | null;
  evidence: unknown;
}

/**
 * All rows of the house that speak of an item, in the order of time: its own events, from its merge on those of the item
 * that it is counted in, and every gate whose stored list names one of the two, with what came of it. $1 is the item,
 * $2 the one that it was merged into, or null.
 */
const houseRows = `
  WITH gates AS (
    SELECT * FROM core.approvals WHERE args @> jsonb_build_object('lines', jsonb_build_array(jsonb_build_object('item_id', $1::uuid::text)))
      OR args @> jsonb_build_object('lines', jsonb_build_array(jsonb_build_object('item_id', $2::uuid::text)))
  ), mine AS (
    SELECT $1::uuid AS item_id, '-infinity'::timestamptz AS since
    UNION ALL SELECT $2::uuid, max(created_at) FROM core.stage_events WHERE item_id = $1::uuid AND event = 'merged' AND $2::uuid IS NOT NULL
  ), rows AS (
    SELECT message.created_at AS at, 0 AS rank, message.seq, 'message' AS kind, 'received' AS event, NULL AS stage, message.id,
      message.body AS detail, NULL AS evidence_kind, NULL::jsonb AS evidence
    FROM core.pipeline_items item JOIN core.messages message ON message.id = item.message_id WHERE item.id = $1::uuid
    UNION ALL
    SELECT event.created_at, 1, event.seq, 'stage', event.event, event.stage, event.id, NULL, event.evidence_kind, event.evidence
    FROM core.stage_events event JOIN mine ON mine.item_id = event.item_id AND event.created_at >= mine.since
    UNION ALL
    SELECT event.created_at, 2, event.seq, 'invariant', event.event, event.stage, event.id,
      event.reason || ' Next: ' || event.next_action, NULL, NULL
    FROM core.invariant_events event JOIN mine ON mine.item_id = event.item_id AND event.created_at >= mine.since
    UNION ALL
    SELECT event.created_at, 3, event.seq, 'approval', event.event, NULL, gates.id,
      concat_ws(' ', event.approver, 'via ' || event.via, event.feedback), 'approval',
      jsonb_build_object('action', left(event.action_hash, 12), 'verdict', event.verdict, 'approver', event.approver, 'via', event.via)
    FROM core.approval_events event JOIN gates ON gates.id = event.approval_id
    UNION ALL
    SELECT intent.created_at, 4, 0, 'intent', intent.status, NULL, intent.id, intent.tool, 'intent',
      jsonb_build_object('action', left(intent.action_hash, 12), 'approval_id', intent.approval_id)
    FROM core.intents intent JOIN gates ON gates.id = intent.approval_id
    UNION ALL
    SELECT attempt.created_at, 5, attempt.number, 'attempt', attempt.status, NULL, attempt.id, 'try ' || attempt.number, NULL, NULL
    FROM core.attempts attempt JOIN core.intents intent ON intent.id = attempt.intent_id JOIN gates ON gates.id = intent.approval_id
    UNION ALL
    SELECT receipt.created_at, 6, 0, 'receipt', receipt.status, NULL, receipt.id, receipt.detail, 'receipt',
      jsonb_build_object('outcome', receipt.status, 'provider_id', receipt.provider_id, 'intent_id', receipt.intent_id)
    FROM core.receipts receipt JOIN core.intents intent ON intent.id = receipt.intent_id JOIN gates ON gates.id = intent.approval_id
    UNION ALL
    SELECT restore.created_at, 7, 0, 'house', 'restored', NULL, restore.id,
      'From the backup of ' || to_char(restore.taken_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') || '; what happened after it is not known.',
      NULL, NULL
    FROM core.restores restore JOIN core.pipeline_items item ON item.id = $1::uuid AND item.created_at <= restore.created_at
  )
  SELECT at, kind, event, stage, id, nullif(detail, '') AS detail, evidence_kind, evidence FROM rows ORDER BY at, rank, seq`;

/** The owner's or the shop's word on purchases whose list names the item. */
const confirmations = `
  SELECT confirmed_at AS at, 'purchase' AS kind, status AS event, 'bought' AS stage, id,
    'confirmed by ' || confirmed_by AS detail, 'owner' AS evidence_kind,
    jsonb_build_object('amount_minor', actual_minor, 'currency', currency, 'by', confirmed_by) AS evidence
  FROM household.purchases
  WHERE confirmed_at IS NOT NULL AND (lines @> jsonb_build_array(jsonb_build_object('item_id', $1::uuid::text))
    OR lines @> jsonb_build_array(jsonb_build_object('item_id', $2::uuid::text)))
  ORDER BY confirmed_at`;

/** What happened to an item, from Postgres alone: it is whole when Temporal keeps no history any more. */
export async function timelineOf(
  { core, household }: { core: Postgres; household: Postgres },
  { itemId, mergedInto }: { itemId: string; mergedInto: string | null },
): Promise<TimelineEntry[]> {
  const params = [itemId, mergedInto];
  const [house, purchases] = await Promise.all([
    core.query<Row>(houseRows, params),
    household.query<Row>(confirmations, params),
  ]);
  return [...house.rows, ...purchases.rows].sort((a, b) => a.at.getTime() - b.at.getTime()).map(toEntry);
}

function toEntry({ at, kind, event, stage, id, detail, evidence_kind, evidence }: Row): TimelineEntry {
  const proof = evidence_kind === null ? null : { kind: evidence_kind, value: evidence };
  return { at: at.toISOString(), kind, event, stage, id, detail, evidence: proof };
}
