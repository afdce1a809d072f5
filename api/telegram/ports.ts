import type { Verdict } from '../../contracts/approvals.ts';
import type { ApiDeps } from '../ports.ts';

/** What the Telegram door needs besides what every door does. */
export interface TelegramParts {
  /** The house's owner, and his numeric ids: nobody else is listened to. */
  readonly ownerId: string;
  readonly accounts: ReadonlySet<number>;
  /** The bot's public id: messages and updates are numbered within one bot. */
  readonly bot: string;
  /** Tells the presser of a button what happened. */
  answer(pressId: string, text: string): Promise<void>;
  readonly messages: {
    openConversation(chat: { ownerId: string; channel: string; address: string }): Promise<string>;
    insertOutbound(message: {
      ownerId: string;
      conversationId: string;
      butler: string;
      kind: 'notice' | 'card';
      body: string;
      persona: string;
      dedupeKey: string;
      approvalId?: string;
    }): Promise<unknown>;
  };
  readonly approvals: {
    /** Somebody pressed who may not. False when the gate is not this owner's. */
    recordRefused(press: {
      approvalId: string;
      ownerId: string;
      decisionId: string;
      verdict: Verdict;
      approver: string;
      via: 'telegram';
    }): Promise<boolean>;
  };
}

export interface TelegramDeps {
  readonly house: ApiDeps;
  readonly telegram: TelegramParts;
}

/** The door's name in conversations, accounts and sources. */
export const channel = 'telegram' as const;
