import type { ApiMethods, ReactionTypeEmoji } from '@grammyjs/types';
import { z } from 'zod';
import { badRequest } from './refusal.ts';

/** Telegram's limits, of the Bot API. */
const limits = { text: 4096, caption: 1024, callbackData: 64, callbackAnswer: 200, secret: 256 } as const;

/** The reactions that this server takes. */
const reactions = [
  '👀',
  '👍',
  '👎',
  '👾',
  '❤',
  '🔥',
  '🎉',
  '🤔',
  '👌',
  '🙏',
] as const satisfies readonly ReactionTypeEmoji['emoji'][];

const chatId = z.coerce.number().int();
const messageId = z.coerce.number().int().positive();
const text = z
  .string()
  .refine((value) => value.trim() !== '', 'message text is empty')
  .refine((value) => value.length <= limits.text, 'message is too long');
const caption = z.string().max(limits.caption, 'message caption is too long');
const data = z
  .string()
  .refine((value) => value !== '' && Buffer.byteLength(value) <= limits.callbackData, 'BUTTON_DATA_INVALID');
const keyboard = z.strictObject({
  inline_keyboard: z.array(z.array(z.strictObject({ text: z.string().min(1), callback_data: data })).min(1)),
});
const reply = z.strictObject({ message_id: messageId, allow_sending_without_reply: z.boolean().optional() });
const preview = z.strictObject({ is_disabled: z.boolean().optional() });
const updateKinds = z.array(z.enum(['message', 'edited_message', 'callback_query']));

/** What each method takes. */
export const schemas = {
  getMe: z.strictObject({}),
  getUpdates: z.strictObject({
    offset: z.number().int().optional(),
    limit: z.number().int().min(1).max(100).optional(),
    timeout: z.number().int().min(0).max(50).optional(),
    allowed_updates: updateKinds.optional(),
  }),
  setWebhook: z.strictObject({
    url: z.url({ error: 'bad webhook: invalid url' }),
    secret_token: z
      .string()
      .regex(/^[A-Za-z0-9_-]+$/, 'secret token contains unallowed characters')
      .max(limits.secret)
      .optional(),
    allowed_updates: updateKinds.optional(),
    max_connections: z.number().int().min(1).max(100).optional(),
  }),
  deleteWebhook: z.strictObject({ drop_pending_updates: z.boolean().optional() }),
  sendMessage: z.strictObject({
    chat_id: chatId,
    text,
    reply_markup: keyboard.optional(),
    reply_parameters: reply.optional(),
    link_preview_options: preview.optional(),
  }),
  sendDocument: z.strictObject({
    chat_id: chatId,
    document: z.strictObject({ name: z.string().min(1), content: z.string().min(1, 'file must be non-empty') }),
    caption: caption.optional(),
    reply_markup: keyboard.optional(),
    reply_parameters: reply.optional(),
  }),
  editMessageText: z.strictObject({
    chat_id: chatId,
    message_id: messageId,
    text,
    reply_markup: keyboard.optional(),
    link_preview_options: preview.optional(),
  }),
  editMessageCaption: z.strictObject({
    chat_id: chatId,
    message_id: messageId,
    caption,
    reply_markup: keyboard.optional(),
  }),
  setMessageReaction: z.strictObject({
    chat_id: chatId,
    message_id: messageId,
    reaction: z
      .array(z.strictObject({ type: z.literal('emoji'), emoji: z.enum(reactions, 'REACTION_INVALID') }))
      .max(1, 'REACTIONS_TOO_MANY'),
  }),
  answerCallbackQuery: z.strictObject({
    callback_query_id: z.string(),
    text: z.string().max(limits.callbackAnswer, 'MESSAGE_TOO_LONG').optional(),
    show_alert: z.boolean().optional(),
  }),
  setMyCommands: z.strictObject({
    commands: z
      .array(
        z.strictObject({
          command: z.string().regex(/^[a-z0-9_]{1,32}$/, 'BOT_COMMAND_INVALID'),
          description: z.string().min(1).max(256),
        }),
      )
      .max(100),
  }),
} as const satisfies Partial<Record<keyof ApiMethods<unknown>, z.ZodType>>;

/** Checks what was sent; throws Refusal as the real server would, and for fields that it would ignore. */
export function readParameters<Schema extends z.ZodType>(schema: Schema, sent: object): z.infer<Schema> {
  const result = schema.safeParse(sent);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw badRequest(
    issue?.code === 'unrecognized_keys' ? `unknown parameters ${issue.keys.join(', ')}` : `${issue?.message}`,
  );
}
