import { postMessageSchema } from '../../contracts/api.ts';
import {
  type TelegramMessage,
  type TelegramPress,
  type TelegramUpdate,
  telegramUpdateSchema,
} from '../../contracts/telegram-updates.ts';
import { Problem } from '../problem.ts';
import { receive } from '../receive.ts';
import { carryOut, readCommand } from './commands.ts';
import { channel, type TelegramDeps } from './ports.ts';
import { press, refuse } from './press.ts';
import { reply, type ReplyTo } from './reply.ts';

/** Strangers of whom a warning was logged; more than this many are not worth a line each. */
const mostStrangers = 1_000;
/** Times that an update is tried when it fails, but not because a part of the house is away. */
const mostTries = 3;

const onlyText = 'I understand words alone here: write what is needed, or /help.';
const noEdits = 'I keep to what you wrote first. Send a new message to change it.';

/**
 * The Telegram door. The function it returns resolves once an update is acknowledged, that is written down, decided, or
 * one that can never be; it throws when the same update is to come again. Only the owner's accounts in a private chat are
 * listened to.
 */
export function createTelegramDoor(deps: TelegramDeps): (raw: unknown) => Promise<void> {
  const { house, telegram } = deps;
  const strangers = new Set<string>();
  const tries = new Map<number, number>();

  const isOwners = (from: { id: number } | undefined, chat: { id: number; type: string } | undefined): boolean =>
    from !== undefined && telegram.accounts.has(from.id) && chat?.type === 'private' && chat.id === from.id;

  function warnOf(stranger: string): void {
    if (strangers.has(stranger) || strangers.size >= mostStrangers) return;
    strangers.add(stranger);
    house.log.warn({}, 'Somebody else than the owner, or a group, speaks to the Telegram bot, and gets no answer');
  }

  async function handle(update: TelegramUpdate): Promise<void> {
    const said = update.message ?? update.edited_message;
    if (update.callback_query !== undefined) return pressed(update.callback_query);
    if (said === undefined) return undefined;
    if (!isOwners(said.from, said.chat)) return warnOf(`${said.from?.id} ${said.chat.id}`);
    const to = { chatId: said.chat.id, updateId: update.update_id };
    return update.message === undefined ? reply(deps, to, { text: noEdits }) : heard(update.message, to);
  }

  async function pressed(query: TelegramPress): Promise<void> {
    const owners = isOwners(query.from, query.message?.chat);
    if (!owners) warnOf(`${query.from.id}`);
    const told = await (owners ? press(deps, query) : refuse(deps, query));
    // The decision stands; that the presser is told is a courtesy.
    await telegram.answer(query.id, told).catch(() => undefined);
  }

  async function heard({ message_id, chat, text }: TelegramMessage, to: ReplyTo): Promise<void> {
    if (text === undefined) return reply(deps, to, { text: onlyText });
    const command = readCommand(text);
    if (command !== null) return carryOut(deps, command, to);
    const { data, error } = postMessageSchema.shape.text.safeParse(text);
    if (error !== undefined) return reply(deps, to, { text: `This message ${error.issues[0]?.message}` });
    try {
      const address = String(chat.id);
      const sourceId = `${telegram.bot}:${address}:${message_id}`;
      await receive(house, { ownerId: telegram.ownerId, channel, address, sourceId, text: data });
    } catch (error_) {
      if (!(error_ instanceof Problem)) throw error_;
      await reply(deps, to, { text: `${error_.message} (${error_.slug})` });
    }
  }

  /** Whether an update that failed is given up; what is only away is waited for. */
  function isHopeless(updateId: number, error: unknown): boolean {
    if (house.isDatabaseOutage(error)) return false;
    const tried = (tries.get(updateId) ?? 0) + 1;
    if (tried < mostTries) tries.set(updateId, tried);
    else tries.delete(updateId);
    return tried >= mostTries;
  }

  return async (raw) => {
    const { data: update } = telegramUpdateSchema.safeParse(raw);
    if (update === undefined) {
      house.log.error({}, 'An update from Telegram cannot be read and is left out');
      return;
    }
    try {
      await handle(update);
      tries.delete(update.update_id);
    } catch (error) {
      if (!isHopeless(update.update_id, error)) throw error;
      const failure = { updateId: update.update_id, ...withoutWords(error) };
      house.log.error(failure, 'An update from Telegram could not be handled and is left out');
    }
  };
}

/** Where an error came from; its words may hold what somebody wrote. */
function withoutWords(error: unknown): { failure: string; at: string[] } {
  if (!(error instanceof Error)) return { failure: 'no error', at: [] };
  const at = (error.stack ?? '').split('\n').filter((line) => /^\s+at /u.test(line));
  return { failure: error.name, at: at.slice(0, 4).map((line) => line.trim()) };
}
