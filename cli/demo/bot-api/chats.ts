import type { Chat, Message, User } from '@grammyjs/types';
import { badRequest } from './refusal.ts';

export const botUser: User = { id: 7_000_000_001, is_bot: true, first_name: 'Majordomo', username: 'majordomo_bot' };

interface Keyboard {
  inline_keyboard: Array<Array<{ text: string; callback_data: string }>>;
}

/** One message as its chat shows it, with what became of it. */
export interface Shown {
  message_id: number;
  chat_id: number;
  from: number;
  /** What it says now; of a document its caption. */
  text: string;
  /** What it said before, oldest first. */
  before: string[];
  document: { name: string; content: string } | null;
  buttons: Array<{ text: string; callback_data: string }>;
  reply_to: number | null;
  /** The bot's reactions, oldest first; the last is what shows. */
  reactions: string[];
  date: number;
}

export interface Posting {
  chat_id: number;
  from: number;
  text: string;
  document?: { name: string; content: string } | undefined;
  reply_markup?: Keyboard | undefined;
  reply_parameters?: { message_id: number; allow_sending_without_reply?: boolean | undefined } | undefined;
}

const buttonsOf = (keyboard: Keyboard | undefined) => keyboard?.inline_keyboard.flat() ?? [];

/** The chats that the bot knows and what was said in them. A bot knows a chat once somebody wrote in it. */
export function createChats() {
  const chats = new Map<number, Chat>();
  const messages: Shown[] = [];

  function find(chatId: number, messageId: number, missing: string): Shown {
    const found = messages.find((each) => each.chat_id === chatId && each.message_id === messageId);
    if (found === undefined) throw badRequest(missing);
    return found;
  }

  function post({ chat_id, from, text, document, reply_markup, reply_parameters }: Posting): Shown {
    if (!chats.has(chat_id)) throw badRequest('chat not found');
    const replied = messages.some(
      (each) => each.chat_id === chat_id && each.message_id === reply_parameters?.message_id,
    );
    if (reply_parameters && !replied && !reply_parameters.allow_sending_without_reply) {
      throw badRequest('message to be replied not found');
    }
    const shown: Shown = {
      message_id: messages.length + 1,
      chat_id,
      from,
      text,
      before: [],
      document: document ?? null,
      buttons: buttonsOf(reply_markup),
      reply_to: replied ? (reply_parameters?.message_id ?? null) : null,
      reactions: [],
      date: Math.floor(Date.now() / 1000),
    };
    messages.push(shown);
    return shown;
  }

  return {
    messages,
    open: (chat: Chat) => void chats.set(chat.id, chat),
    find,
    post,

    /** Gives a message of the bot's another text, and the buttons that come with it: none by default. */
    edit(
      edit: { chat_id: number; message_id: number; text: string; reply_markup?: Keyboard | undefined },
      of: 'text' | 'caption',
    ) {
      const shown = find(edit.chat_id, edit.message_id, 'message to edit not found');
      if (shown.from !== botUser.id) throw badRequest("message can't be edited");
      if ((shown.document !== null) !== (of === 'caption')) {
        throw badRequest(`there is no ${of} in the message to edit`);
      }
      const buttons = buttonsOf(edit.reply_markup);
      if (shown.text === edit.text && JSON.stringify(shown.buttons) === JSON.stringify(buttons)) {
        throw badRequest(
          'message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message',
        );
      }
      shown.before.push(shown.text);
      Object.assign(shown, { text: edit.text, buttons });
      return shown;
    },

    react(chatId: number, messageId: number, emoji: string | undefined): true {
      const shown = find(chatId, messageId, 'message to react not found');
      shown.reactions.push(emoji ?? '');
      return true;
    },

    /** As an update or a result tells of it. */
    asMessage(shown: Shown, from: User): Message {
      const chat = chats.get(shown.chat_id);
      if (chat === undefined) throw badRequest('chat not found');
      const common = { message_id: shown.message_id, date: shown.date, chat, from };
      if (shown.document === null) return { ...common, text: shown.text };
      const file = { file_id: `file-${shown.message_id}`, file_unique_id: `unique-${shown.message_id}` };
      return { ...common, document: { ...file, file_name: shown.document.name }, caption: shown.text };
    },
  };
}

export type Chats = ReturnType<typeof createChats>;
