import { InputFile } from 'grammy';
import {
  longestTelegramText,
  type NotPosted,
  type Posted,
  type TelegramButton,
  type TelegramPort,
} from '../../contracts/telegram.ts';
import { type BotAccess, openBot } from './bot.ts';
import { longestCaption, shortened } from './texts.ts';
import { TelegramFailure } from './failure.ts';

/** What the house does in a chat, over the Bot API. Texts go out as they are, without markup. */
export function createTelegram(access: BotAccess): TelegramPort {
  const bot = openBot(access);

  return {
    send: ({ chatId, text, buttons, replyTo }, signal) =>
      posted(async () => {
        const common = {
          chat_id: chatId,
          ...(buttons !== undefined && buttons.length > 0 && { reply_markup: keyboard(buttons) }),
          ...(replyTo !== undefined && {
            reply_parameters: { message_id: replyTo, allow_sending_without_reply: true },
          }),
        };
        if (text.length <= longestTelegramText) {
          const plain = { ...common, text, link_preview_options: { is_disabled: true } };
          const { message_id } = await bot('sendMessage', (api) => api.sendMessage(plain), signal);
          return message_id;
        }
        const document = new InputFile(Buffer.from(text), 'message.txt');
        const file = { ...common, document, caption: shortened(text, longestCaption) };
        const { message_id } = await bot('sendDocument', (api) => api.sendDocument(file), signal);
        return message_id;
      }),

    edit: ({ chatId, messageId, text }, signal) =>
      posted(async () => {
        const message = { chat_id: chatId, message_id: messageId };
        const asText = {
          ...message,
          text: shortened(text, longestTelegramText),
          link_preview_options: { is_disabled: true },
        };
        const asCaption = { ...message, caption: shortened(text, longestCaption) };
        try {
          await bot('editMessageText', (api) => api.editMessageText(asText), signal);
        } catch (error) {
          if (isRefusal(error, 'message is not modified')) return messageId;
          if (!isRefusal(error, 'there is no text in the message')) throw error;
          // What was too long for a message went as a document: its words are the caption.
          await bot('editMessageCaption', (api) => api.editMessageCaption(asCaption), signal).catch(
            (second: unknown) => {
              if (!isRefusal(second, 'message is not modified')) throw second;
            },
          );
        }
        return messageId;
      }),

    react: ({ chatId, messageId, emoji }, signal) =>
      posted(async () => {
        const reaction = [{ type: 'emoji' as const, emoji }];
        const mark = { chat_id: chatId, message_id: messageId, reaction };
        await bot('setMessageReaction', (api) => api.setMessageReaction(mark), signal);
        return messageId;
      }),
  };
}

const keyboard = (buttons: readonly TelegramButton[]) => ({
  inline_keyboard: [buttons.map(({ text, data }) => ({ text, callback_data: data }))],
});

/** What certainly did not happen is an answer; what may have happened is thrown. */
async function posted(work: () => Promise<number>): Promise<Posted | NotPosted> {
  try {
    return { done: true, messageId: await work() };
  } catch (error) {
    if (!(error instanceof TelegramFailure) || error.kind === 'unknown') throw error;
    return { done: false, retryAfterMs: error.retryAfterMs, detail: error.message };
  }
}

function isRefusal(error: unknown, words: string): boolean {
  return error instanceof TelegramFailure && error.code === 400 && error.message.includes(words);
}
