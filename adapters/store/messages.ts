import { randomUUID } from 'node:crypto';
import { deriveId } from '../../contracts/ids.ts';
import type { Postgres, Queryable } from '../postgres.ts';
import { andDeliver } from './delivery-sql.ts';

/** What the owner wrote, as a door received it. */
export interface InboundMessage {
  ownerId: string;
  butler: string;
  /** The kind of chat and the chat's own id in it; together with the owner they name the conversation. */
  channel: string;
  address: string;
  /** Where the message's own id comes from; the two deduplicate it. */
  source: string;
  sourceId: string;
  body: string;
}

/** `conflict`: the source's id is known, but with other words or in another conversation; no message was written. */
export interface InboundResult {
  messageId: string;
  conversationId: string;
  duplicate: boolean;
  conflict: boolean;
}

export type OutboundKind = 'answer' | 'card' | 'list' | 'notice';

/** What the house says. `dedupeKey` is the reason for saying it: said once per owner. */
export interface OutboundMessage {
  ownerId: string;
  conversationId: string;
  butler: string;
  kind: OutboundKind;
  body: string;
  persona: string | null;
  dedupeKey: string;
  inReplyTo?: string | null;
  approvalId?: string | null;
  /** Held back until then. */
  showAfter?: Date | null;
}

export type MessageStatus = 'received' | 'answered' | 'failed' | 'sent' | 'held';

export interface Message {
  id: string;
  /** The reading cursor: within one owner's messages, its order is the order of commits. */
  seq: number;
  ownerId: string;
  conversationId: string;
  butler: string;
  direction: 'inbound' | 'outbound';
  kind: 'text' | OutboundKind;
  status: MessageStatus;
  source: string;
  sourceId: string;
  body: string;
  persona: string | null;
  inReplyTo: string | null;
  approvalId: string | null;
  createdAt: Date;
  showAfter: Date;
}

const columns = `id, seq, owner_id AS "ownerId", conversation_id AS "conversationId", butler, direction, kind, status,
  source, source_id AS "sourceId", body, persona, in_reply_to AS "inReplyTo", approval_id AS "approvalId",
  created_at AS "createdAt", show_after AS "showAfter"`;

const outboundSource = 'majordomo';

/** What `andDeliver` wants to know of the message that the same statement writes. */
const written = 'RETURNING id, owner_id, conversation_id, direction, kind, source_id';
const deliveryOf = (messageId: string): string => deriveId('delivery', messageId);

/** Writers of one owner's messages come one after the other until commit, so that no reader's cursor passes a row. */
async function lockOwner(tx: Queryable, ownerId: string): Promise<void> {
  await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('messages:' || $1, 0))", [ownerId]);
}

async function conversationOf(
  tx: Queryable,
  message: Pick<InboundMessage, 'ownerId' | 'channel' | 'address'>,
): Promise<string> {
  const key = [message.ownerId, message.channel, message.address];
  await tx.query(
    `INSERT INTO core.conversations (id, source, owner_id, channel, address) VALUES ($1, $3, $2, $3, $4)
     ON CONFLICT (owner_id, channel, address) DO NOTHING`,
    [randomUUID(), ...key],
  );
  const { rows } = await tx.query<{ id: string }>(
    'SELECT id FROM core.conversations WHERE owner_id = $1 AND channel = $2 AND address = $3',
    key,
  );
  if (rows[0] === undefined) throw new Error('A conversation that was just written is not there.');
  return rows[0].id;
}

/** Writes an outbound message inside a transaction of the core role; a repeat returns the first one's id. */
export async function writeOutbound(tx: Queryable, message: OutboundMessage): Promise<{ messageId: string }> {
  await lockOwner(tx, message.ownerId);
  const id = deriveId('outbound', message.ownerId, message.dedupeKey);
  await tx.query(
    `WITH written AS (
       INSERT INTO core.messages (id, source, source_id, owner_id, conversation_id, butler, direction, kind, body, persona,
         in_reply_to, approval_id, show_after, status)
       VALUES ($2, $3, $4, $5, $6, $7, 'outbound', $8, $9, $10, $11, $12, coalesce($13::timestamptz, now()),
         CASE WHEN $13::timestamptz > clock_timestamp() THEN 'held' ELSE 'sent' END)
       ON CONFLICT (owner_id, source, source_id) DO NOTHING ${written}
     ) ${andDeliver}`,
    [
      deliveryOf(id),
      id,
      outboundSource,
      message.dedupeKey,
      message.ownerId,
      message.conversationId,
      message.butler,
      message.kind,
      message.body,
      message.persona,
      message.inReplyTo ?? null,
      message.approvalId ?? null,
      message.showAfter ?? null,
    ],
  );
  return { messageId: id };
}

/** What was said, in both directions; for the core role. */
export function createMessageStore(db: Postgres) {
  /** Lets out whatever quiet hours held back until now, with a new seq: readers have passed its old one. */
  async function releaseHeld(ownerId: string): Promise<void> {
    const due = "FROM core.messages WHERE owner_id = $1 AND status = 'held' AND show_after <= clock_timestamp()";
    const { rows } = await db.query(`SELECT 1 ${due} LIMIT 1`, [ownerId]);
    if (rows.length === 0) return;
    await db.transaction(async (tx) => {
      await lockOwner(tx, ownerId);
      const held = await tx.query<{ id: string }>(`SELECT id ${due} ORDER BY show_after, seq`, [ownerId]);
      for (const { id } of held.rows) {
        await tx.query("UPDATE core.messages SET status = 'sent', seq = DEFAULT WHERE id = $1", [id]);
      }
    });
  }

  return {
    releaseHeld,
    /** Records what a door received, once per source and id. */
    async insertInbound(message: InboundMessage): Promise<InboundResult> {
      const id = deriveId('inbound', message.ownerId, message.source, message.sourceId);
      // As Postgres will hold it: a lone surrogate becomes U+FFFD.
      const body = Buffer.from(message.body).toString();
      return db.transaction(async (tx) => {
        await lockOwner(tx, message.ownerId);
        const conversationId = await conversationOf(tx, message);
        const inserted = await tx.query(
          `WITH written AS (
             INSERT INTO core.messages (id, status, source, source_id, owner_id, conversation_id, butler, direction, kind, body)
             VALUES ($2, 'received', $3, $4, $5, $6, $7, 'inbound', 'text', $8)
             ON CONFLICT (owner_id, source, source_id) DO NOTHING ${written}
           ), delivery AS (${andDeliver}) SELECT FROM written`,
          [deliveryOf(id), id, message.source, message.sourceId, message.ownerId, conversationId, message.butler, body],
        );
        if (inserted.rowCount === 1) return { messageId: id, conversationId, duplicate: false, conflict: false };
        const { rows } = await tx.query<Message>(
          `SELECT ${columns} FROM core.messages WHERE owner_id = $1 AND source = $2 AND source_id = $3`,
          [message.ownerId, message.source, message.sourceId],
        );
        const known = rows[0];
        if (known === undefined) throw new Error('A message that was refused as a duplicate is not there.');
        const conflict = known.body !== body || known.conversationId !== conversationId;
        return { messageId: known.id, conversationId: known.conversationId, duplicate: true, conflict };
      });
    },

    /** The owner's conversation in a chat; begun when there is none. */
    async openConversation(chat: Pick<InboundMessage, 'ownerId' | 'channel' | 'address'>): Promise<string> {
      return db.transaction((tx) => conversationOf(tx, chat));
    },

    /** Says something once per dedupe key; a repeat changes nothing. */
    async insertOutbound(message: OutboundMessage): Promise<{ messageId: string }> {
      return db.transaction((tx) => writeOutbound(tx, message));
    },

    async getMessage(id: string): Promise<Message | null> {
      const { rows } = await db.query<Message>(`SELECT ${columns} FROM core.messages WHERE id = $1`, [id]);
      return rows[0] ?? null;
    },

    /** Messages of the same conversation that came before this one and have no end yet, oldest first, some at a time. */
    async waitingBefore(id: string): Promise<string[]> {
      const { rows } = await db.query<{ id: string }>(
        `SELECT earlier.id FROM core.messages this JOIN core.messages earlier ON earlier.conversation_id = this.conversation_id
         WHERE this.id = $1 AND earlier.status = 'received' AND earlier.seq < this.seq ORDER BY earlier.seq LIMIT 100`,
        [id],
      );
      return rows.map((row) => row.id);
    },

    /** How an inbound message ended; `answered` is final, a late `failed` does not undo it. */
    async markStatus(id: string, status: 'answered' | 'failed'): Promise<void> {
      await db.query(
        `UPDATE core.messages SET status = $2
         WHERE id = $1 AND direction = 'inbound' AND status NOT IN ('answered', $2)`,
        [id, status],
      );
    },

    /** What the house has said after the cursor, oldest first, without what quiet hours still hold back. */
    async listOutbound(wanted: {
      ownerId: string;
      conversationId?: string | undefined;
      afterSeq: number;
      limit: number;
    }): Promise<Message[]> {
      await releaseHeld(wanted.ownerId);
      const { rows } = await db.query<Message>(
        `SELECT ${columns} FROM core.messages
         WHERE owner_id = $1 AND ($2::uuid IS NULL OR conversation_id = $2) AND direction = 'outbound' AND status = 'sent'
           AND seq > $3
         ORDER BY seq LIMIT $4`,
        [wanted.ownerId, wanted.conversationId ?? null, wanted.afterSeq, wanted.limit],
      );
      return rows;
    },
  };
}

export type MessageStore = ReturnType<typeof createMessageStore>;
