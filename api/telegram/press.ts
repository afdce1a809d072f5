import { createHash, timingSafeEqual } from 'node:crypto';
import { deriveId } from '../../contracts/ids.ts';
import { readTap, type Tap } from '../../contracts/telegram.ts';
import type { TelegramPress } from '../../contracts/telegram-updates.ts';
import { type Decided, decideGate } from '../decide.ts';
import type { ApprovalRecord } from '../ports.ts';
import { Problem } from '../problem.ts';
import { channel, type TelegramDeps } from './ports.ts';
import { alreadyWords, decidedWords } from './words.ts';

const unknownButton = 'This button belongs to no question any more.';
const noCode = 'The key of this button is gone: decide in the console or by the API.';
const nothing = 'This is not for you.';

/** One press keeps its id however often Telegram brings it. */
const decisionOf = ({ id }: TelegramPress): string => deriveId('telegram-press', id);
const accountOf = ({ from }: TelegramPress): string => `${channel}:${from.id}`;

/** Decides what the owner pressed. Returns what he is told; throws where the press is to come again. */
export async function press(deps: TelegramDeps, query: TelegramPress): Promise<string> {
  const { house, telegram } = deps;
  const tap = readTap(query.data ?? '');
  const approval = tap === null ? null : await house.approvals.get(tap.approvalId, telegram.ownerId);
  if (tap === null || approval === null) return unknownButton;
  const wrong = await wrongCode(deps, query, tap, approval);
  if (wrong !== null) return wrong;
  const presser = { ownerId: telegram.ownerId, account: accountOf(query), via: channel } as const;
  const { approvalId, verdict } = tap;
  try {
    const decided: Decided = await decideGate(house, presser, {
      approvalId,
      verdict,
      decisionId: decisionOf(query),
      feedback: null,
    });
    return decidedWords(decided);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    return alreadyWords(error);
  }
}

/** Writes a press down that decides nothing. Returns what the presser is told: nothing about the house. */
export async function refuse({ telegram }: TelegramDeps, query: TelegramPress): Promise<string> {
  const tap = readTap(query.data ?? '');
  if (tap !== null) await telegram.approvals.recordRefused(refusalOf(telegram.ownerId, query, tap));
  return nothing;
}

async function wrongCode(
  { house, telegram }: TelegramDeps,
  query: TelegramPress,
  tap: Tap,
  approval: ApprovalRecord,
): Promise<string | null> {
  const code = house.codeOf(approval.id, approval.codeKeyId);
  if (code === null) return noCode;
  if (sameSecret(code, tap.code)) return null;
  await telegram.approvals.recordRefused(refusalOf(telegram.ownerId, query, tap));
  return unknownButton;
}

const refusalOf = (ownerId: string, query: TelegramPress, { approvalId, verdict }: Tap) => ({
  approvalId,
  verdict,
  ownerId,
  decisionId: decisionOf(query),
  approver: accountOf(query),
  via: channel,
});

/** Compares in a time that says nothing about either text. */
export function sameSecret(one: string, other: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
