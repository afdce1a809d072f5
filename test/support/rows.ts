import { randomUUID } from 'node:crypto';
import type { Queryable } from '../../adapters/postgres.ts';

/** Inserts one row with a fresh id, `source` test and the given columns; answers its id. Objects are stored as json. */
export async function insertRow(on: Queryable, table: string, columns: Record<string, unknown> = {}): Promise<string> {
  const row: Record<string, unknown> = { id: randomUUID(), source: 'test', ...columns };
  const names = Object.keys(row);
  await on.query(
    `INSERT INTO ${table} (${names.join()}) VALUES (${names.map((_, index) => `$${index + 1}`).join()})`,
    Object.values(row),
  );
  return String(row.id);
}

/** An owner with a conversation and one message in it, as the doors write them. */
export async function insertOwner(
  on: Queryable,
): Promise<{ ownerId: string; conversationId: string; messageId: string }> {
  const ownerId = await insertRow(on, 'core.owners', { name: 'Ann' });
  const conversationId = await insertRow(on, 'core.conversations', {
    owner_id: ownerId,
    channel: 'rest',
    address: ownerId,
  });
  const messageId = await insertMessage(on, { ownerId, conversationId, butler: 'household' });
  return { ownerId, conversationId, messageId };
}

/** A message that was received for a butler. */
export function insertMessage(
  on: Queryable,
  { ownerId, conversationId, butler }: { ownerId: string; conversationId: string; butler: string },
): Promise<string> {
  return insertRow(on, 'core.messages', {
    status: 'received',
    owner_id: ownerId,
    conversation_id: conversationId,
    butler,
    direction: 'inbound',
    kind: 'text',
    source_id: randomUUID(),
    body: 'milk',
  });
}

/** A pipeline item of a butler, at its first stage. */
export function insertItem(on: Queryable, ownerId: string, butler: string): Promise<string> {
  return insertRow(on, 'core.pipeline_items', {
    owner_id: ownerId,
    butler,
    chain: 'groceries',
    title: 'milk',
    stage: 'need',
    workflow_id: randomUUID(),
  });
}
