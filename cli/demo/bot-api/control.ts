import type { RequestListener } from 'node:http';
import type { Chat, User } from '@grammyjs/types';
import { z } from 'zod';
import { readBody } from './body.ts';
import { botUser, type Chats, type Shown } from './chats.ts';
import { type createFaults, faultSchema } from './faults.ts';
import type { Press } from './methods.ts';
import { badRequest, Refusal } from './refusal.ts';
import { send } from './server.ts';
import type { createUpdates } from './updates.ts';

const writeSchema = z.strictObject({
  /** Instead of the owner. */
  from: z.number().int().positive().optional(),
  /** A group's id is negative; without one it is the private chat with the sender. */
  chat: z.number().int().optional(),
  text: z.string().optional(),
  /** Fields that the message has besides, or instead of its text: a photo, say. */
  also: z.record(z.string(), z.unknown()).default({}),
});
const pressSchema = z.strictObject({
  message_id: z.number().int(),
  /** The words of the button; not needed with `data`. */
  button: z.string().optional(),
  /** Callback data that no button has. */
  data: z.string().optional(),
  from: z.number().int().positive().optional(),
  chat: z.number().int().optional(),
});
const scriptSchema = z.strictObject({ method: z.string(), fault: faultSchema, times: z.number().int().default(1) });

export interface ControlParts {
  ownerId: number;
  chats: Chats;
  updates: ReturnType<typeof createUpdates>;
  presses: Press[];
  commands: string[];
  faults: ReturnType<typeof createFaults>;
  /** Opens or closes the Bot API's own port. */
  listen: (on: boolean) => Promise<unknown>;
}

/** What people and tests do with the chats: `POST /<verb>` with JSON, and `GET /state`. */
export function control(parts: ControlParts): RequestListener {
  const verbs = createVerbs(parts);
  return (request, response) => {
    void (async () => {
      const verb = verbs[(request.url ?? '').slice(1)];
      if (verb === undefined) throw new Refusal(404, 'There is no such verb.');
      send(response, 200, Object(await verb(await readBody(request))));
    })().catch((error: unknown) => {
      send(response, error instanceof Refusal ? error.code : 400, { error: String(error) });
    });
  };
}

function createVerbs(parts: ControlParts): Record<string, (body: unknown) => unknown> {
  const { ownerId, chats, updates, presses, faults, commands } = parts;
  // Far from the message ids, so that nobody takes one for the other.
  let updateId = 500_000;
  const add = (update: object) => {
    updateId += 1;
    updates.add({ update_id: updateId, ...update });
    return updateId;
  };

  return {
    write(body) {
      const { from = ownerId, chat = from, text, also } = writeSchema.parse(body);
      chats.open(chatOf(chat));
      const shown = chats.post({ chat_id: chat, from, text: text ?? '' });
      const { text: _text, ...bare } = chats.asMessage(shown, person(from));
      const message = { ...bare, ...(text !== undefined && { text }), ...also };
      return { update_id: add({ message }), message_id: shown.message_id };
    },
    press(body) {
      const { message_id, button, data, from = ownerId, chat = ownerId } = pressSchema.parse(body);
      const shown = chats.find(chat, message_id, 'there is no such message');
      const found = data ?? shown.buttons.find(({ text }) => text === button)?.callback_data;
      if (found === undefined) throw badRequest('there is no such button');
      const press: Press = { id: String(presses.length + 1).padStart(18, '9'), from, data: found, answers: [] };
      presses.push(press);
      const message = chats.asMessage(shown, botUser);
      const query = { id: press.id, from: person(from), message, chat_instance: String(chat), data: found };
      return { update_id: add({ callback_query: query }), callback_query_id: press.id };
    },
    /** An update of any form. */
    inject: (body) => ({ update_id: add(z.record(z.string(), z.unknown()).parse(body)) }),
    fault(body) {
      const { method, fault, times } = scriptSchema.parse(body);
      faults.script(method, fault, times);
    },
    clear: () => faults.clear(),
    listen: (body) => parts.listen(z.strictObject({ on: z.boolean() }).parse(body).on),
    state: () => ({
      messages: chats.messages satisfies readonly Shown[],
      presses,
      commands,
      pending: updates.pending,
      polled: updates.polled,
      webhook: updates.webhook?.url ?? null,
    }),
  };
}

const person = (id: number): User => ({ id, is_bot: false, first_name: `Person ${id}` });
const chatOf = (id: number): Chat =>
  id > 0 ? { id, type: 'private', first_name: `Person ${id}` } : { id, type: 'group', title: `Group ${id}` };
