import { deriveId } from '../../contracts/ids.ts';
import type { Postgres, Queryable } from '../postgres.ts';

const source = 'settings';

/** The accounts by which the house's owner is known in a channel; for the core role. */
export function createOwnerAccountStore(db: Postgres) {
  return {
    /**
     * Makes the owner's accounts of a channel those of the settings: one that is not among them any more loses its
     * authority, and what still waited for its chat is not sent to it years later. What another bot has shown there stays
     * as it is: each bot counts its messages anew, so the same number is a message of its own. Returns the owner. Throws
     * when the house has none.
     */
    async settle(channel: string, accounts: readonly string[], bot: string | null): Promise<{ ownerId: string }> {
      return db.transaction(async (tx) => {
        const { rows } = await tx.query<{ id: string }>(
          `SELECT id FROM core.owners WHERE status = 'active' ORDER BY created_at, id LIMIT 1 FOR UPDATE`,
        );
        const ownerId = rows[0]?.id;
        if (ownerId === undefined) throw new Error('The house has no owner yet.');
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
        await tx.query(
          `UPDATE core.deliveries delivery SET settled = true, detail = 'The account was taken out of the settings.'
           FROM core.owner_accounts account
           WHERE account.id = delivery.account_id AND NOT delivery.settled AND account.channel = $1 AND account.status = 'inactive'`,
          [channel],
        );
        if (bot !== null) await changeBot(tx, channel, bot);
        return { ownerId };
      });
    },
  };
}

/** Notes by which bot the accounts are reached now. */
async function changeBot(tx: Queryable, channel: string, bot: string): Promise<void> {
  await tx.query(
    `UPDATE core.deliveries delivery SET settled = true, detail = 'Another bot has shown it.'
     FROM core.owner_accounts account
     WHERE account.id = delivery.account_id AND NOT delivery.settled AND account.channel = $1
       AND account.metadata ->> 'bot' <> $2 AND (delivery.kind = 'reaction' OR delivery.status = 'delivered')`,
    [channel, bot],
  );
  await tx.query(
    `UPDATE core.owner_accounts SET metadata = metadata || jsonb_build_object('bot', $2::text)
     WHERE channel = $1 AND status = 'active' AND metadata ->> 'bot' IS DISTINCT FROM $2`,
    [channel, bot],
  );
}
