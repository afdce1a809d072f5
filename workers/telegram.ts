import type { Postgres } from '../adapters/postgres.ts';
import { createApprovalStore } from '../adapters/store/approvals.ts';
import { createMessageStore } from '../adapters/store/messages.ts';
import { createOwnerAccountStore } from '../adapters/store/owner-accounts.ts';
import { createIntake } from '../adapters/telegram/intake.ts';
import { botIdOf, type TelegramSettings } from '../adapters/telegram/settings.ts';
import { createTelegramSource } from '../adapters/telegram/source.ts';
import type { ApiDeps } from '../api/ports.ts';
import { createTelegramDoor } from '../api/telegram/door.ts';
import { channel } from '../api/telegram/ports.ts';

/** Makes the house's Telegram accounts those of its settings; none when Telegram is not set. */
export function settleAccounts(
  core: Postgres,
  accounts: readonly number[],
  bot: string | null = null,
): Promise<{ ownerId: string }> {
  return createOwnerAccountStore(core).settle(channel, accounts.map(String), bot);
}

/** Makes the Telegram door of a house that has an owner. Nothing is taken before `start`. */
export async function openTelegram({
  settings,
  core,
  house,
}: {
  settings: TelegramSettings;
  core: Postgres;
  house: ApiDeps;
}) {
  const { accounts, webhook } = settings;
  const bot = botIdOf(settings);
  const { ownerId } = await settleAccounts(core, accounts, bot);
  const source = createTelegramSource(settings);
  const take = createTelegramDoor({
    house,
    telegram: {
      ownerId,
      bot,
      accounts: new Set(accounts),
      answer: (pressId, text) => source.answer(pressId, text),
      messages: createMessageStore(core),
      approvals: createApprovalStore(core),
    },
  });
  const intake = createIntake({ source, webhook, take, log: house.log });
  return {
    start: () => intake.start(),
    stop: () => intake.stop(),
    /** The doors with this one among them. */
    joined: (doors: ApiDeps): ApiDeps => ({
      ...doors,
      probes: [...doors.probes, intake.probe],
      ...(webhook && { telegramWebhook: { secret: webhook.secret, take } }),
    }),
  };
}
