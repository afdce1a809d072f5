import { deriveId } from '../../contracts/ids.ts';
import type { Postgres, Queryable } from '../postgres.ts';

const source = 'settings';

/** The accounts by which the house's owner is known in a channel; for the core role. */
export function createOwnerAccountStore(db: Postgres) {
  return {
    /**
     * Makes the owner's accounts of a channel those of the settings: one that is not among them any more loses its
     * authority. What waits for it waits on; should it come back after more than a day, it is not sent any more. `bot` is
     * who speaks in the channel now, null for nobody. Returns the owner. Throws when the house has none.
     */
    async settle(channel: string, accounts: readonly string[], bot: string | null): Promise<{ ownerId: string }> {
      return db.transaction(async (tx) => {
        const { rows } = await tx.query<{ id: string }>(
          `SELECT id FROM core.owners WHERE status = 'active' ORDER BY created_at, id LIMIT 1 FOR UPDATE`,
        );
        const ownerId = rows[0]?.id;
        if (ownerId === undefined) throw new Error('The house has no owner yet.');
        await refuseStale(tx, channel);
        for (const account of accounts) {
          await tx.query(
            `INSERT INTO core.owner_accounts (id, source, owner_id, channel, account) VALUES ($1, $2, $3, $4, $5)
             ON CONFLICT (channel, account) DO UPDATE SET status = 'active', owner_id = excluded.owner_id
             WHERE (core.owner_accounts.status, core.owner_accounts.owner_id) IS DISTINCT FROM ('active', excluded.owner_id)`,
            [deriveId('owner-account', channel, account), source, ownerId, channel, account],
          );
        }
        await tx.query(
          `UPDATE core.owner_accounts SET status = 'inactive'
           WHERE channel = $1 AND status = 'active' AND account <> ALL ($2::text[])`,
          [channel, [...accounts]],
        );
        if (bot !== null) await leaveOtherBots(tx, channel, bot);
        return { ownerId };
      });
    },
  };
}

/** What waited for more than a day for an account that was not in the settings is no news any more. */
async function refuseStale(tx: Queryable, channel: string): Promise<void> {
  await tx.query(
    `UPDATE core.deliveries delivery SET settled = true, detail = 'The account was not in the settings.',
       status = CASE delivery.status WHEN 'sending' THEN 'unknown' ELSE 'refused' END
     FROM core.owner_accounts account
     WHERE account.id = delivery.account_id AND account.channel = $1 AND account.status = 'inactive'
       AND NOT delivery.settled AND delivery.kind = 'message' AND delivery.status <> 'delivered'
       AND delivery.created_at < now() - interval '1 day'`,
    [channel],
  );
}

/** Each bot numbers its messages from 1: what another one has shown cannot be changed, nor answered, by this one. */
async function leaveOtherBots(tx: Queryable, channel: string, bot: string): Promise<void> {
  await tx.query(
    `UPDATE core.deliveries delivery SET settled = true, detail = 'Another bot has shown it.'
     FROM core.owner_accounts account
     WHERE account.id = delivery.account_id AND account.channel = $1 AND account.status = 'active'
       AND account.metadata ->> 'bot' <> $2 AND NOT delivery.settled AND delivery.provider_message_id IS NOT NULL`,
    [channel, bot],
  );
  await tx.query(
    `UPDATE core.owner_accounts SET metadata = metadata || jsonb_build_object('bot', $2::text)
     WHERE channel = $1 AND status = 'active' AND metadata ->> 'bot' IS DISTINCT FROM $2`,
    [channel, bot],
  );
}
