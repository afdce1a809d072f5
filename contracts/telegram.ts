import type { Verdict } from './approvals.ts';

/** What one button does; the approval's own id and single-use code travel in it, so that it needs no memory of ours. */
export interface Tap {
  approvalId: string;
  verdict: Verdict;
  code: string;
}

/** Most bytes that Telegram takes as a button's callback data (Bot API, InlineKeyboardButton). */
export const longestCallbackData = 64;
/** Most UTF-16 units of a text message (Bot API, sendMessage); what is longer goes as a document. */
export const longestTelegramText = 4096;

/** A button below a message. */
export interface TelegramButton {
  text: string;
  /** At most `longestCallbackData` bytes. */
  data: string;
}

/** It was done; `messageId` is Telegram's own id of the message. */
export interface Posted {
  done: true;
  messageId: number;
}

/** Certainly nothing was done. `retryAfterMs`: when to try again, null when it was refused for good. */
export interface NotPosted {
  done: false;
  retryAfterMs: number | null;
  detail: string;
}

/** What the house may do in a chat. A throw means that nobody knows whether it was done. */
export interface TelegramPort {
  /** Sends once; what is longer than a message goes as a document. */
  send(
    post: { chatId: number; text: string; buttons?: readonly TelegramButton[]; replyTo?: number },
    signal: AbortSignal,
  ): Promise<Posted | NotPosted>;
  /** Gives a message another text and takes its buttons away. The same edit twice is one. */
  edit(post: { chatId: number; messageId: number; text: string }, signal: AbortSignal): Promise<Posted | NotPosted>;
  /** Sets the bot's one reaction on a message, in place of the one before. */
  react(
    post: { chatId: number; messageId: number; emoji: '👀' | '👍' | '👾' },
    signal: AbortSignal,
  ): Promise<Posted | NotPosted>;
}

const verbs = { approve: 'y', reject: 'n' } as const;
const shape = /^([yn]):([A-Za-z0-9_-]{22}):([0-9A-Z-]{1,39})$/;

/** A button's callback data: verb, id and code, at most 64 bytes. */
export function writeTap({ approvalId, verdict, code }: Tap): string {
  const id = Buffer.from(approvalId.replaceAll('-', ''), 'hex').toString('base64url');
  return `${verbs[verdict]}:${id}:${code}`;
}

/** Null when the data is of no button of ours. */
export function readTap(data: string): Tap | null {
  const [, verb, id, code] = shape.exec(data) ?? [];
  if (verb === undefined || id === undefined || code === undefined) return null;
  const hex = Buffer.from(id, 'base64url').toString('hex');
  const approvalId = hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  return { approvalId, verdict: verb === 'y' ? 'approve' : 'reject', code };
}
