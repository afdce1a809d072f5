import type { DeliveryEnd, DeliveryRef } from '../../contracts/deliveries.ts';

/**
 * The second half of a statement that writes a message as `written (id, owner_id, conversation_id, direction, kind,
 * source_id)`: the delivery that belongs to it. What is said in a Telegram chat stays there, and the owner's own words
 * there carry a reaction; what is said elsewhere goes to his first account too, unless it is an answer. `$1` is the
 * delivery's id; without an account there is no row.
 */
export const andDeliver = `INSERT INTO core.deliveries (id, source, account_id, message_id, kind, provider_message_id)
  SELECT $1, 'outbox', account.id, written.id, CASE written.direction WHEN 'inbound' THEN 'reaction' ELSE 'message' END,
    CASE written.direction WHEN 'inbound' THEN substring(written.source_id FROM '[0-9]{1,18}$')::bigint END
  FROM written JOIN core.conversations conversation ON conversation.id = written.conversation_id
  JOIN core.owner_accounts account ON account.owner_id = written.owner_id AND account.channel = 'telegram'
    AND account.status = 'active'
    AND CASE conversation.channel WHEN 'telegram' THEN account.account = conversation.address
      ELSE written.direction = 'outbound' AND written.kind <> 'answer' END
  ORDER BY account.created_at, account.id LIMIT 1`;

/** An effect that is being carried out is still, to the owner, one that he approved. */
export const wanted = `CASE WHEN delivery.kind = 'message' THEN CASE approval.status WHEN 'executing' THEN 'approved' ELSE approval.status END
  ELSE CASE message.status WHEN 'received' THEN '👀' WHEN 'answered' THEN '👍' ELSE '👾' END END`;

/** States after which nothing changes; an effect that is unknown may still be cleared up by the owner. */
const final = `('rejected', 'expired', 'cancelled', 'executed', 'failed', '👍', '👾')`;

/**
 * What every account must be shown now, as `due`. Messages go one after the other, in the order in which they were said;
 * one that quiet hours hold is not in line yet. Changes of what the chat already shows go before them, but while a
 * message was told to wait (a flood limit, say), the whole chat is left alone.
 */
export const due = `WITH open AS (
    SELECT delivery.*, account.owner_id, message.seq, ${wanted} AS wanted,
      delivery.kind = 'message' AND delivery.status <> 'delivered' AS in_line,
      coalesce(delivery.retry_at <= clock_timestamp(), true) AS ripe
    FROM core.deliveries delivery
    JOIN core.owner_accounts account ON account.id = delivery.account_id AND account.status = 'active'
    JOIN core.messages message ON message.id = delivery.message_id AND message.show_after <= clock_timestamp()
    LEFT JOIN core.approvals approval ON approval.id = message.approval_id
    WHERE NOT delivery.settled
  ), placed AS (
    SELECT *, row_number() OVER (PARTITION BY account_id, in_line ORDER BY seq) AS place,
      bool_and(ripe OR NOT in_line) OVER (PARTITION BY account_id) AS open_chat FROM open
  ), due AS (
    SELECT * FROM placed WHERE CASE WHEN status IN ('claimed', 'sending') THEN lease_until <= clock_timestamp()
      WHEN in_line THEN place = 1 AND ripe
      ELSE ripe AND open_chat AND shows IS DISTINCT FROM wanted END
  )`;

/** Rows that may be shown again without harm. */
const repeatable = `(kind = 'reaction' OR status = 'delivered')`;
/** A message that this very try has sent, as far as anybody knows. */
const sent = `kind = 'message' AND status IN ('sending', 'unknown') AND number = $2`;

/** The statement that writes an end down, and its parameters. */
export function recording(
  { deliveryId, number }: DeliveryRef,
  end: DeliveryEnd,
): [sql: string, params: readonly unknown[]] {
  const { kind } = end;
  if (kind === 'shown') {
    return [
      `UPDATE core.deliveries SET status = 'delivered', number = greatest(number, $2), provider_message_id = $3, shows = $4,
         settled = $4::text IS NULL OR $4 IN ${final}, retry_at = NULL, detail = NULL
       WHERE id = $1 AND (${repeatable} OR ${sent})`,
      [deliveryId, number, end.messageId, end.shows],
    ];
  }
  if (kind === 'later') {
    return [
      `UPDATE core.deliveries SET status = CASE status WHEN 'sending' THEN 'waiting' ELSE status END,
         number = greatest(number, $2), retry_at = clock_timestamp() + make_interval(secs => $3), detail = $4
       WHERE id = $1 AND NOT settled AND (${repeatable} OR status = 'sending' AND number = $2)`,
      [deliveryId, number, end.afterMs / 1000, end.detail],
    ];
  }
  if (kind === 'refused') {
    // A message that cannot be edited any more stays delivered, as it is.
    return [
      `UPDATE core.deliveries SET settled = true, number = greatest(number, $2), detail = $3,
         status = CASE WHEN kind = 'message' AND status = 'delivered' THEN status ELSE 'refused' END
       WHERE id = $1 AND (${repeatable} OR ${sent})`,
      [deliveryId, number, end.detail],
    ];
  }
  return [
    `UPDATE core.deliveries SET status = 'unknown', settled = true, detail = $3
     WHERE id = $1 AND number = $2 AND status = 'sending'`,
    [deliveryId, number, end.detail],
  ];
}
