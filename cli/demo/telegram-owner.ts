import { randomBytes } from 'node:crypto';
import type { Verdict } from '../../contracts/approvals.ts';
import { readTap } from '../../contracts/telegram.ts';
import { type HouseClient, pageLimit, parseResponse } from '../../client/index.ts';
import { type BotApi, type ChatMessage, startBotApi } from './bot-api/client.ts';
import type { Arrivals, StoryOwner } from './story.ts';
import { untilTrue } from './until.ts';

/** Telegram, as a stand-in in a process of its own, and the owner's phone. */
export interface DemoTelegram {
  /** What a house needs to use it. */
  env: NodeJS.ProcessEnv;
  api: BotApi;
}

const ownerId = 4_711_000_123;

export async function openTelegram(): Promise<DemoTelegram> {
  const api = await startBotApi({ token: `7000000001:${randomBytes(24).toString('base64url')}`, ownerId });
  const env = {
    MAJORDOMO_TELEGRAM_TOKEN: api.token,
    MAJORDOMO_TELEGRAM_OWNER_ID: String(ownerId),
    MAJORDOMO_TELEGRAM_API_ROOT: api.api,
  };
  return { env, api };
}

interface OwnerParts {
  house: HouseClient;
  api: BotApi;
  /** Shows what is seen on the phone. */
  say: (line: string) => void;
  signal: AbortSignal;
}

const said = async (house: HouseClient) =>
  (await parseResponse(house.messages.$get({ query: { limit: pageLimit } }))).messages;
const fromBot = ({ from }: ChatMessage): boolean => from !== ownerId;

/** An owner who writes and presses buttons in Telegram; the house's API is only looked at. */
export function telegramOwner({ house, api, say, signal }: OwnerParts): StoryOwner {
  const until = untilTrue(signal);
  const see = (words: string) => say(`    📱 ${words}`);
  const find = async (wanted: (message: ChatMessage) => boolean) => (await api.state()).messages.find(wanted);

  async function buttonOf(approvalId: string, verdict: Verdict) {
    for (const message of (await api.state()).messages.filter(fromBot)) {
      const button = message.buttons.find(({ callback_data }) => {
        const tap = readTap(callback_data);
        return tap?.approvalId === approvalId && tap.verdict === verdict;
      });
      if (button !== undefined) return { messageId: message.message_id, button: button.text };
    }
    return undefined;
  }

  return {
    async tell(text) {
      const { message_id: number } = await api.write({ text });
      see(`you: ${text}`);
      const message = await until('the house has the message', async () =>
        (await said(house)).find(({ source_id }) => source_id.endsWith(`:${ownerId}:${number}`)),
      );
      const shown = await until('the reaction is 👍', () =>
        find(({ message_id, reactions }) => message_id === number && reactions.at(-1) === '👍'),
      );
      see(`your message has ${shown.reactions.join(' → ')}`);
      return { message_id: message.id, conversation_id: message.conversation_id };
    },

    async decide({ id }, verdict) {
      const { messageId, button } = await until('the card has its buttons', () => buttonOf(id, verdict));
      const { callback_query_id } = await api.press({ message_id: messageId, button });
      const [told] = await until('the press is answered', async () => {
        const answers = (await api.state()).presses.find((press) => press.id === callback_query_id)?.answers ?? [];
        return answers.length > 0 ? answers : undefined;
      });
      see(`you press “${button}”: ${told}`);
      const card = await until('the card is edited', () =>
        find(
          (message) => message.message_id === messageId && message.before.length > 0 && message.buttons.length === 0,
        ),
      );
      see(`the card ends with: ${card.text.split('\n').at(-1)}`);
    },

    async confirm(_itemId, { amount }) {
      const { message_id: number } = await api.write({ text: `/bought ${amount}` });
      see(`you: /bought ${amount}`);
      const answer = await until('the word is taken', () =>
        find((message) => fromBot(message) && message.message_id > number && message.text.startsWith('Noted: bought')),
      );
      see(answer.text);
    },
  };
}

/** The list is in the chat, as often as its text is there. */
export function chatArrivals(house: HouseClient, api: BotApi): Arrivals {
  return {
    at: 'list in the chat',
    async count(messageId) {
      const list = (await said(house)).find(({ id, kind }) => id === messageId && kind === 'list');
      const shown = (await api.state()).messages.filter(fromBot);
      return shown.filter(({ text }) => text === list?.text).length;
    },
  };
}
