import type { NotPosted, Posted, TelegramButton, TelegramPort } from '../../contracts/telegram.ts';

export type Fault = 'lost' | 'hang' | 'refused' | 'unreached' | { retryAfterMs: number };

export interface ShownMessage {
  message_id: number;
  text: string;
  before: string[];
  buttons: TelegramButton[];
  reactions: string[];
  reply_to: number | null;
}

/** A chat at the seam. */
export function seamChat() {
  const messages: ShownMessage[] = [];
  const faults: Array<{ method: string; fault: Fault }> = [];
  const calls: Array<{ method: string; at: number }> = [];
  const add = (text: string, buttons: readonly TelegramButton[] = [], reply_to: number | null = null) => {
    const shown = { message_id: messages.length + 1, text, before: [], buttons: [...buttons], reactions: [], reply_to };
    messages.push(shown);
    return shown;
  };
  async function answer(method: string, signal: AbortSignal, work: () => number): Promise<Posted | NotPosted> {
    calls.push({ method, at: Date.now() });
    const index = faults.findIndex((each) => each.method === method);
    const fault = index === -1 ? undefined : faults.splice(index, 1)[0]?.fault;
    if (fault === 'hang') {
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject(new Error('gone')), { once: true });
      });
    }
    if (fault === 'refused') return { done: false, retryAfterMs: null, detail: '400 Bad Request' };
    if (fault === 'unreached') return { done: false, retryAfterMs: 1_000, detail: 'ECONNREFUSED' };
    if (typeof fault === 'object') return { done: false, retryAfterMs: fault.retryAfterMs, detail: '429' };
    const messageId = work();
    if (fault === 'lost') throw new Error('lost');
    return { done: true, messageId };
  }
  const find = (id: number) => {
    const found = messages.find(({ message_id }) => message_id === id);
    if (found === undefined) throw new Error('no such message');
    return found;
  };
  const port: TelegramPort = {
    send: ({ text, buttons, replyTo }, signal) =>
      answer('sendMessage', signal, () => add(text, buttons, replyTo ?? null).message_id),
    edit: ({ messageId, text }, signal) =>
      answer('editMessageText', signal, () => {
        const shown = find(messageId);
        shown.before.push(shown.text);
        Object.assign(shown, { text, buttons: [] });
        return messageId;
      }),
    react: ({ messageId, emoji }, signal) =>
      answer('setMessageReaction', signal, () => {
        find(messageId).reactions.push(emoji);
        return messageId;
      }),
  };
  return {
    chatId: 4711,
    port,
    calls,
    write: async (text: string) => add(text).message_id,
    fault: async (method: string, fault: Fault) => void faults.push({ method, fault }),
    messages: async () => messages,
    /** What the bot said, in order. */
    said: async () => messages,
  };
}
