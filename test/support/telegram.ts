import { createTelegram } from '../../adapters/telegram/index.ts';
import { startBotApi } from '../../cli/demo/bot-api/client.ts';

/** Long enough for a busy machine, and not as long as a test that waits for nothing. */
const callMs = 4_000;

/** A stand-in of Telegram and the house's own adapter to it, with any number of private chats. */
export async function startChats() {
  const api = await startBotApi({ token: '7000000001:AAH-secret', ownerId: 4711 });
  let people = 50_000;
  return {
    api,
    /** A chat that somebody new has opened. */
    async open(timeoutMs = callMs) {
      const chatId = ++people;
      await api.write({ from: chatId, text: '/start' });
      const messages = async () => (await api.state()).messages.filter(({ chat_id }) => chat_id === chatId).slice(1);
      return {
        chatId,
        port: createTelegram({ token: api.token, apiRoot: api.api, timeoutMs }),
        messages,
        /** What the bot said, oldest first. */
        said: async () => (await messages()).filter(({ from }) => from !== chatId),
        /** The owner writes; answers Telegram's id of his message. */
        write: async (text: string) => (await api.write({ from: chatId, text })).message_id,
      };
    },
    stop: () => api.stop(),
  };
}

export type Chats = Awaited<ReturnType<typeof startChats>>;
export type Chat = Awaited<ReturnType<Chats['open']>>;
