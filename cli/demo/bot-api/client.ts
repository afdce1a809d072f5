import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import type { Fault } from './faults.ts';

const main = fileURLToPath(new URL('main.ts', import.meta.url));
const tsx = import.meta.resolve('tsx');

const button = z.object({ text: z.string(), callback_data: z.string() });
const stateSchema = z.object({
  messages: z.array(
    z.object({
      message_id: z.number(),
      chat_id: z.number(),
      from: z.number(),
      text: z.string(),
      before: z.array(z.string()),
      document: z.object({ name: z.string(), content: z.string() }).nullable(),
      buttons: z.array(button),
      reply_to: z.number().nullable(),
      reactions: z.array(z.string()),
    }),
  ),
  presses: z.array(z.object({ id: z.string(), from: z.number(), data: z.string(), answers: z.array(z.string()) })),
  commands: z.array(z.string()),
  pending: z.number(),
  polled: z.boolean(),
  webhook: z.string().nullable(),
});
/** The chats as the stand-in holds them. */
export type ChatState = z.infer<typeof stateSchema>;
export type ChatMessage = ChatState['messages'][number];

const addressesSchema = z.object({ api: z.url(), control: z.url() });
const writtenSchema = z.object({ update_id: z.number(), message_id: z.number() });
const pressedSchema = z.object({ update_id: z.number(), callback_query_id: z.string() });

/** Who the bot and its owner are. */
export interface BotApiOptions {
  token: string;
  ownerId: number;
  /** A file of JSON lines: every call that was accepted, fsynced before it was answered. */
  log?: string;
}

/** Starts a stand-in of Telegram in a process of its own; it ends with `stop`, or with this process. */
export async function startBotApi({ token, ownerId, log }: BotApiOptions) {
  const args = ['--import', tsx, main, '--token', token, '--owner', String(ownerId), ...(log ? ['--log', log] : [])];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = once(child, 'exit');
  const line = await Promise.race([
    once(createInterface(child.stdout), 'line').then(([first]) => String(first)),
    ended.then(() => {
      throw new Error('The stand-in of Telegram ended at its start.');
    }),
  ]);
  const { api, control } = addressesSchema.parse(JSON.parse(line));

  async function ask(verb: string, body: object = {}): Promise<unknown> {
    const response = await fetch(`${control}/${verb}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    const answer: unknown = await response.json();
    if (!response.ok) throw new Error(`${verb}: ${JSON.stringify(answer)}`);
    return answer;
  }

  return {
    /** Address of the Bot API. */
    api,
    token,
    ownerId,
    /** Somebody, the owner by default, writes. */
    write: async (message: { text?: string; from?: number; chat?: number; also?: object }) =>
      writtenSchema.parse(await ask('write', message)),
    /** Somebody, the owner by default, presses a button; `data` is what no button has. */
    press: async (press: { message_id: number; button?: string; data?: string; from?: number; chat?: number }) =>
      pressedSchema.parse(await ask('press', press)),
    /** An update of any form. */
    inject: (update: object) => ask('inject', update),
    /** Makes the next calls of a method go wrong. */
    fault: (method: string, fault: Fault, times = 1) => ask('fault', { method, fault, times }),
    /** Takes the scripted faults back. */
    clear: () => ask('clear'),
    /** Whether connections are taken. */
    listen: (on: boolean) => ask('listen', { on }),
    state: async (): Promise<ChatState> => stateSchema.parse(await ask('state')),
    async stop(): Promise<void> {
      child.stdin.end();
      await ended;
    },
  };
}

export type BotApi = Awaited<ReturnType<typeof startBotApi>>;
