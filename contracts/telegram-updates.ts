import { z } from 'zod';

/** What the house reads of an update of the Bot API; everything else in it is left out. */

const id = z.int();
const chat = z.object({ id, type: z.string() });
const person = z.object({ id });

const message = z.object({ message_id: id, chat, from: person.optional(), text: z.string().optional() });

export const telegramUpdateSchema = z.object({
  update_id: id,
  message: message.optional(),
  edited_message: message.optional(),
  callback_query: z
    .object({
      id: z.string().min(1).max(200),
      from: person,
      /** Absent below messages that are too old. */
      message: z.object({ chat }).optional(),
      data: z.string().optional(),
    })
    .optional(),
});
export type TelegramUpdate = z.infer<typeof telegramUpdateSchema>;
export type TelegramMessage = NonNullable<TelegramUpdate['message']>;
export type TelegramPress = NonNullable<TelegramUpdate['callback_query']>;

/** The kinds of update that the house asks Telegram for. */
export const wantedUpdates = ['message', 'edited_message', 'callback_query'] as const;

/** The bot's menu. */
export const telegramCommands = [
  { command: 'approvals', description: 'what waits for your yes, with buttons' },
  { command: 'board', description: 'where everything is' },
  { command: 'bought', description: 'what you paid for the list, such as /bought 12.40' },
  { command: 'status', description: 'how the house is' },
  { command: 'help', description: 'what can be said here' },
] as const;
