import type { ApiMethods } from '@grammyjs/types';
import type { z } from 'zod';
import { botUser, type Chats, type Shown } from './chats.ts';
import { readParameters, schemas } from './parameters.ts';
import { badRequest } from './refusal.ts';
import type { createUpdates } from './updates.ts';

/** A press on a button, and what the presser was told. */
export interface Press {
  id: string;
  from: number;
  data: string;
  answers: string[];
}

interface World {
  chats: Chats;
  updates: ReturnType<typeof createUpdates>;
  presses: Press[];
  commands: string[];
}

/** A call whose parameters are right and that has not been made. */
interface Prepared {
  parameters: object;
  run: (gone: AbortSignal) => unknown;
}
type Method = (sent: object) => Prepared;

function method<Schema extends z.ZodType<object>>(
  schema: Schema,
  run: (parameters: z.infer<Schema>, gone: AbortSignal) => unknown,
): Method {
  return (sent) => {
    const parameters = readParameters(schema, sent);
    return { parameters, run: (gone) => run(parameters, gone) };
  };
}

/** What the bot may do, by name; each throws Refusal where Telegram says no. */
export function createMethods({ chats, updates, presses, commands }: World): ReadonlyMap<string, Method> {
  const sent = (shown: Shown) => chats.asMessage(shown, botUser);
  const methods = {
    getMe: method(schemas.getMe, () => botUser),
    getUpdates: method(schemas.getUpdates, (wish, gone) => updates.poll(wish, gone)),
    setWebhook: method(schemas.setWebhook, ({ url, secret_token }) =>
      updates.setWebhook({ url, secret: secret_token }),
    ),
    deleteWebhook: method(schemas.deleteWebhook, () => updates.setWebhook(undefined)),
    sendMessage: method(schemas.sendMessage, (post) => sent(chats.post({ ...post, from: botUser.id }))),
    sendDocument: method(schemas.sendDocument, ({ caption = '', ...post }) =>
      sent(chats.post({ ...post, from: botUser.id, text: caption })),
    ),
    editMessageText: method(schemas.editMessageText, (edit) => sent(chats.edit(edit, 'text'))),
    editMessageCaption: method(schemas.editMessageCaption, ({ caption, ...edit }) =>
      sent(chats.edit({ ...edit, text: caption }, 'caption')),
    ),
    setMessageReaction: method(schemas.setMessageReaction, ({ chat_id, message_id, reaction: [first] }) =>
      chats.react(chat_id, message_id, first?.emoji),
    ),
    answerCallbackQuery: method(schemas.answerCallbackQuery, ({ callback_query_id, text = '' }) => {
      const press = presses.find(({ id }) => id === callback_query_id);
      if (press === undefined || press.answers.length > 0) {
        throw badRequest('query is too old and response timeout expired or query ID is invalid');
      }
      press.answers.push(text);
      return true;
    }),
    setMyCommands: method(schemas.setMyCommands, ({ commands: given }) => {
      commands.splice(0, commands.length, ...given.map(({ command }) => command));
      return true;
    }),
  } satisfies Partial<Record<keyof ApiMethods<unknown>, Method>>;
  return new Map(Object.entries(methods));
}
