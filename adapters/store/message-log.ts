import type { ApiMessage } from '../../contracts/api.ts';
import type { DeliveryStatus } from '../../contracts/deliveries.ts';
import type { Postgres } from '../postgres.ts';

/** A message that was claimed and is not being sent has not left: to the owner it waits. */
const columns = `message.id, seq, conversation_id, direction, message.kind, message.status, body AS text, persona, in_reply_to,
  approval_id, message.source_id, message.created_at,
  CASE delivery.status WHEN 'claimed' THEN 'waiting' ELSE delivery.status END AS delivery_status, delivery.updated_at AS delivery_at`;
const from = `core.messages message LEFT JOIN core.deliveries delivery ON delivery.message_id = message.id AND delivery.kind = 'message'`;

type Row = Omit<ApiMessage, 'created_at' | 'delivery'> & {
  created_at: Date;
  delivery_status: DeliveryStatus | null;
  delivery_at: Date | null;
};

function toApi({ delivery_status: status, delivery_at: at, ...row }: Row): ApiMessage {
  const delivery = status === null || at === null ? null : { status, at: at.toISOString() };
  return { ...row, created_at: row.created_at.toISOString(), delivery };
}

/**
 * What was said, as the owner reads it; for the core role. `releaseHeld` gives what quiet hours held back until now its
 * place at the end, so that no reader's cursor passes it.
 */
export function createMessageLog(db: Postgres, releaseHeld: (ownerId: string) => Promise<void>) {
  return {
    /** Both directions after the cursor, oldest or newest first; newest first, 0 is behind the newest. */
    async list(wanted: {
      ownerId: string;
      conversationId: string | null;
      after: number;
      order: 'asc' | 'desc';
      limit: number;
    }): Promise<ApiMessage[]> {
      await releaseHeld(wanted.ownerId);
      const [behind, order] = wanted.order === 'asc' ? ['seq > $3', 'seq'] : ['($3 = 0 OR seq < $3)', 'seq DESC'];
      const { rows } = await db.query<Row>(
        `SELECT ${columns} FROM ${from}
         WHERE owner_id = $1 AND ($2::uuid IS NULL OR conversation_id = $2) AND message.status <> 'held' AND ${behind}
         ORDER BY ${order} LIMIT $4`,
        [wanted.ownerId, wanted.conversationId, wanted.after, wanted.limit],
      );
      return rows.map(toApi);
    },

    /** A message with what answered it; null when it is not this owner's, or still held back. */
    async get(ownerId: string, id: string): Promise<{ message: ApiMessage; answers: ApiMessage[] } | null> {
      const { rows } = await db.query<Row>(
        `SELECT ${columns} FROM ${from}
         WHERE owner_id = $1 AND (message.id = $2 OR in_reply_to = $2) AND message.status <> 'held' ORDER BY seq`,
        [ownerId, id],
      );
      const all = rows.map(toApi);
      const message = all.find((each) => each.id === id.toLowerCase());
      return message === undefined ? null : { message, answers: all.filter((each) => each !== message) };
    },
  };
}

export type MessageLog = ReturnType<typeof createMessageLog>;
