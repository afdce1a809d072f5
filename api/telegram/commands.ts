import { telegramCommands } from '../../contracts/telegram-updates.ts';
import { evidenceRequestSchema } from '../../contracts/api.ts';
import { deriveId } from '../../contracts/ids.ts';
import { confirmPurchase } from '../evidence.ts';
import { createHealthCheck } from '../health.ts';
import { Problem } from '../problem.ts';
import { cardOf } from '../routes/approvals.ts';
import { channel, type TelegramDeps } from './ports.ts';
import { reply, type ReplyTo } from './reply.ts';
import { boardWords, healthWords, helpText } from './words.ts';

/** A line that begins with a slash. */
export interface Command {
  name: string;
  rest: string;
}

const shape = /^\/([A-Za-z0-9_]{1,32})(?:@[A-Za-z0-9_]{1,64})?(?:\s+([^]*))?$/u;
/** Open questions that are shown again at once. */
const mostCards = 20;

/** Null when the text is no command. */
export function readCommand(text: string): Command | null {
  const [, name, rest = ''] = shape.exec(text.trim()) ?? [];
  return name === undefined ? null : { name: name.toLowerCase(), rest: rest.trim() };
}

/** Answers a command in its chat. */
export async function carryOut(deps: TelegramDeps, command: Command, to: ReplyTo): Promise<void> {
  if (command.name === 'approvals') return showApprovals(deps, to);
  return reply(deps, to, { text: await answerTo(deps, command, to) });
}

async function answerTo(deps: TelegramDeps, { name, rest }: Command, to: ReplyTo): Promise<string> {
  const { house, telegram } = deps;
  switch (name) {
    case 'start':
    case 'help':
      return helpText;
    case 'status':
      return healthWords(await createHealthCheck(house.probes)());
    case 'board': {
      const boards = await Promise.all(house.chains.map((chain) => house.board.board(telegram.ownerId, chain)));
      return boards.map(boardWords).join('\n\n');
    }
    case 'bought':
      return bought(deps, rest, to);
    default:
      return `I do not know /${name}. ${telegramCommands.map(({ command }) => `/${command}`).join(' ')}`;
  }
}

async function showApprovals(deps: TelegramDeps, to: ReplyTo): Promise<void> {
  const { house, telegram } = deps;
  const pending = await house.approvals.list(telegram.ownerId, { status: 'pending', limit: mostCards });
  if (pending.length === 0) return reply(deps, to, { text: 'Nothing waits for your yes.' });
  // The oldest first, as they were asked.
  for (const approval of pending.toReversed()) {
    await reply(deps, to, { text: cardOf(approval), approvalId: approval.id });
  }
}

/** The owner's word on the one purchase that waits for it; brought again, it is about the same one. */
async function bought(deps: TelegramDeps, amount: string, { chatId, updateId }: ReplyTo): Promise<string> {
  const { house, telegram } = deps;
  const { ownerId, bot } = telegram;
  const { data: word } = evidenceRequestSchema.safeParse({ stage: 'bought', verdict: 'bought', amount });
  if (word === undefined) return 'Say what you paid in all, such as: /bought 12.40';
  const wordId = deriveId('telegram-word', bot, String(updateId));
  const [only, ...others] = await house.purchases.awaiting({ ownerId, wordId });
  if (only === undefined) return 'No list waits for this; see /board.';
  if (others.length > 0) return 'More than one list waits: confirm them in the console or by the API.';
  try {
    await confirmPurchase(house, { ownerId, account: `${channel}:${chatId}` }, only, word, wordId);
    return `Noted: bought for ${amount} ${only.currency}.`;
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return error.message;
  }
}
