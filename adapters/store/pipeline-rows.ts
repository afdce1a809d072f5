import { deriveId } from '../../contracts/ids.ts';
import type { ChainDefinition, EvidenceKind, StageDefinition } from '../../contracts/pipelines.ts';
import type { Queryable } from '../postgres.ts';

/** A new item at the first stage of its chain. */
export interface NewItem {
  id: string;
  ownerId: string;
  /** Kept with the item, so that it ends by the definition it began with. */
  chain: ChainDefinition;
  title: string;
  stage: StageDefinition;
  source: string;
  messageId: string;
  conversationId: string;
}

export interface StageEvent {
  itemId: string;
  butler: string;
  stage: string;
  event: 'entered' | 'claimed' | 'done' | 'cancelled' | 'merged';
  /** What makes a repeat of the same event the same row. */
  dedupe?: string;
  evidenceKind?: EvidenceKind;
  evidence?: Record<string, unknown>;
}

/** Writes an event of an item once. */
export async function recordEvent(tx: Queryable, event: StageEvent): Promise<void> {
  const dedupe = event.dedupe ?? '';
  await tx.query(
    `INSERT INTO core.stage_events (id, source, butler, item_id, stage, event, dedupe, evidence_kind, evidence)
     VALUES ($1, 'majordomo', $2, $3, $4, $5, $6, $7, $8)
     ON CONFLICT (item_id, stage, event, dedupe) DO NOTHING`,
    [
      deriveId('stage-event', event.itemId, event.stage, event.event, dedupe),
      event.butler,
      event.itemId,
      event.stage,
      event.event,
      dedupe,
      event.evidenceKind ?? null,
      event.evidence === undefined ? null : JSON.stringify(event.evidence),
    ],
  );
}

/** Adds an item; its workflow id is its id. The order of `created_at` is the order of the calls. */
export async function insertItem(tx: Queryable, item: NewItem): Promise<void> {
  await tx.query(
    `INSERT INTO core.pipeline_items (id, created_at, source, owner_id, butler, chain, title, stage, stage_since, deadline,
       next_action, message_id, conversation_id, metadata, workflow_id)
     VALUES ($1, clock_timestamp(), $2, $3, $4, $5, $6, $7, clock_timestamp(),
       clock_timestamp() + $8::float8 * interval '1 millisecond', $9, $10, $11, jsonb_build_object('chain', $12::jsonb), $1::uuid::text)
     ON CONFLICT (id) DO NOTHING`,
    [
      item.id,
      item.source,
      item.ownerId,
      item.chain.butler,
      item.chain.name,
      item.title,
      item.stage.name,
      item.stage.deadlineMs,
      item.stage.nextAction,
      item.messageId,
      item.conversationId,
      JSON.stringify(item.chain),
    ],
  );
  await recordEvent(tx, { itemId: item.id, butler: item.chain.butler, stage: item.stage.name, event: 'entered' });
}

interface Moved {
  stage: string;
  butler: string;
}

/** Ends an open item without its outcome; false when it was not open any more. */
export async function cancelItem(
  tx: Queryable,
  itemId: string,
  why: { reason: string; evidence: Record<string, unknown> },
): Promise<boolean> {
  const { rows } = await tx.query<Moved>(
    `UPDATE core.pipeline_items SET status = 'cancelled', reason = $2, next_action = NULL, deadline = NULL
     WHERE id = $1 AND status = 'open' RETURNING stage, butler`,
    [itemId, why.reason],
  );
  if (rows[0] === undefined) return false;
  await recordEvent(tx, { itemId, ...rows[0], event: 'cancelled', evidenceKind: 'query', evidence: why.evidence });
  return true;
}

/** Points an item at the root that it is counted in from now on, and replaces an earlier link. */
async function pointAt(tx: Queryable, itemId: string, rootId: string): Promise<void> {
  const { rows } = await tx.query<Moved>(
    `UPDATE core.pipeline_items SET status = 'merged', merged_into = $2, next_action = NULL, deadline = NULL
     WHERE id = $1 RETURNING stage, butler`,
    [itemId, rootId],
  );
  const moved = rows[0];
  if (moved === undefined) throw new Error('An item that is to be merged is not there.');
  await tx.query("UPDATE core.pipeline_links SET status = 'superseded' WHERE kind = 'merge' AND from_item = $1", [
    itemId,
  ]);
  await tx.query(
    `INSERT INTO core.pipeline_links (id, source, butler, kind, from_item, to_item) VALUES ($1, 'majordomo', $2, 'merge', $3, $4)
     ON CONFLICT (kind, from_item, to_item) DO UPDATE SET status = 'active'`,
    [deriveId('link', 'merge', itemId, rootId), moved.butler, itemId, rootId],
  );
  const evidence = { merged_into: rootId };
  await recordEvent(tx, { itemId, ...moved, event: 'merged', dedupe: rootId, evidenceKind: 'query', evidence });
}

/** Merges an open item into a root; what was merged into it before moves along, so that no chain of merges arises. */
export async function mergeItem(tx: Queryable, itemId: string, rootId: string): Promise<void> {
  const parts = await tx.query<{ id: string }>('SELECT id FROM core.pipeline_items WHERE merged_into = $1', [itemId]);
  await pointAt(tx, itemId, rootId);
  for (const part of parts.rows) await pointAt(tx, part.id, rootId);
}
