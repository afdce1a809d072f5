import { randomUUID } from 'node:crypto';
import { createOutboxActivities, type OutboxDependencies } from '../../activities/outbox.ts';
import { createDeliveryStore } from '../../adapters/store/deliveries.ts';
import { createMessageLog } from '../../adapters/store/message-log.ts';
import { createMessageStore, type OutboundMessage } from '../../adapters/store/messages.ts';
import { deriveId } from '../../contracts/ids.ts';
import { runActivity } from './activity.ts';
import { addChat, openGate, openStores } from './stores.ts';
import type { Chat } from './telegram.ts';

/** The outbox of an owner with a chat, or without one, over a database of the test's own; `drain` plays its flow. */
export async function openOutbox(chat: Chat | null, changes: Partial<OutboxDependencies> = {}) {
  const stores = await openStores();
  const { core, owner, codes } = stores;
  const messages = createMessageStore(core);
  const deliveries = createDeliveryStore(core, messages.releaseHeld);
  const log = createMessageLog(core, messages.releaseHeld);
  const accountId = chat === null ? '' : await addChat(core, owner.ownerId, chat.chatId);
  const dependencies = {
    deliveries,
    telegram: chat?.port,
    codeOf: codes.knownCodeOf,
    leaseMs: 5_000,
    ...changes,
  };
  const warnings: string[] = [];
  const activities = createOutboxActivities(dependencies);

  async function step(with_ = activities): Promise<boolean> {
    const next = await with_.nextDelivery({ accountId });
    if (next === null) return false;
    try {
      const end = await runActivity(() => with_.deliver(next), { onWarning: (text) => warnings.push(text) });
      if (end !== null) await with_.recordDelivery({ ...next, end });
    } catch {
      await with_.fenceDelivery(next);
    }
    return true;
  }

  return {
    ...stores,
    messages,
    deliveries,
    accountId,
    activities,
    /** What the activities have warned of. */
    warnings,
    /** The same outbox, in which something goes wrong. */
    broken: (broken: Partial<OutboxDependencies>) => createOutboxActivities({ ...dependencies, ...broken }),
    step,
    /** Everything that is due now, as workflows/outbox.ts does it. */
    async drain(with_ = activities): Promise<void> {
      while (await step(with_));
    },
    /** The house says something in the owner's conversation, which is no chat. */
    async say(body: string, more: Partial<OutboundMessage> = {}): Promise<string> {
      const { ownerId, conversationId } = owner;
      const message = { ownerId, conversationId, butler: 'household', kind: 'notice', persona: null } as const;
      return (await messages.insertOutbound({ ...message, dedupeKey: randomUUID(), body, ...more })).messageId;
    },
    /** A question in a card, and its gate. */
    async ask(body: string, expiresAfterMs?: number) {
      const { approval } = await openGate(stores, expiresAfterMs === undefined ? {} : { expiresAfterMs });
      await this.say(body, { kind: 'card', approvalId: approval.id });
      return approval;
    },
    /** The owner writes in his chat. */
    async hear(body: string): Promise<{ messageId: string; conversationId: string }> {
      if (chat === null) throw new Error('There is no chat.');
      const sourceId = String(await chat.write(body));
      const { ownerId } = owner;
      const place = { ownerId, butler: 'household', channel: 'telegram', address: String(chat.chatId) };
      return messages.insertInbound({ ...place, source: 'telegram', sourceId, body });
    },
    async row(messageId: string): Promise<DeliveryRow> {
      const { rows } = await core.query<DeliveryRow>(
        `SELECT status, number, shows, settled, detail, (extract(epoch FROM retry_at - clock_timestamp()) * 1000)::float8 AS "retryMs"
         FROM core.deliveries WHERE id = $1`,
        [deriveId('delivery', messageId)],
      );
      if (rows[0] === undefined) throw new Error('The message has no delivery.');
      return rows[0];
    },
    rows: async () => (await core.query<{ kind: string }>('SELECT kind FROM core.deliveries ORDER BY created_at')).rows,
    /** As if the wait that a row was told were over. */
    hurry: async () => {
      await core.query(`UPDATE core.deliveries SET retry_at = clock_timestamp() WHERE retry_at IS NOT NULL`);
    },
    /** What the API shows of a message's way. */
    shown: async (messageId: string) => (await log.get(owner.ownerId, messageId))?.message.delivery?.status ?? null,
  };
}

export type Outbox = Awaited<ReturnType<typeof openOutbox>>;

export interface DeliveryRow {
  status: string;
  number: number;
  shows: string | null;
  settled: boolean;
  detail: string | null;
  retryMs: number | null;
}
