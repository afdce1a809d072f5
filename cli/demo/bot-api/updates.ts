import type { Update } from '@grammyjs/types';
import { Refusal } from './refusal.ts';

/** Milliseconds until a webhook that did not answer with 2xx is called again. */
const repeatMs = 200;

interface Waiting {
  answer: (updates: Update[]) => void;
  refuse: (refusal: Refusal) => void;
}

interface Webhook {
  url: string;
  secret: string | undefined;
}

/**
 * What waits for the bot. By polling an update is forgotten once a later offset is asked for; a webhook gets one after
 * the other, each until it is taken.
 */
export function createUpdates() {
  let queue: Update[] = [];
  let waiting: Waiting | undefined;
  let webhook: Webhook | undefined;
  let pushing = false;

  const conflict = (words: string) => new Refusal(409, `Conflict: ${words}`);

  function wake(limit = 100): void {
    if (waiting === undefined || queue.length === 0) return;
    waiting.answer(queue.slice(0, limit));
    waiting = undefined;
  }

  /** One update after the other, each until it is taken. */
  async function push(): Promise<void> {
    const [update] = queue;
    if (pushing || webhook === undefined || update === undefined) return;
    pushing = true;
    const taken = await deliver(webhook, update);
    if (taken) queue = queue.filter((each) => each !== update);
    else await new Promise((resolve) => setTimeout(resolve, repeatMs).unref());
    pushing = false;
    return push();
  }

  return {
    get pending() {
      return queue.length;
    },
    /** Whether somebody waits for updates now. */
    get polled() {
      return waiting !== undefined;
    },
    get webhook() {
      return webhook;
    },

    add(update: Update): void {
      queue.push(update);
      wake();
      void push();
    },

    /** Answers at once when there is something, else when something comes or the time is over. */
    async poll({ offset = 0, limit = 100, timeout = 0 }: PollWish, gone: AbortSignal): Promise<Update[]> {
      if (webhook !== undefined) {
        throw conflict(
          "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
        );
      }
      waiting?.refuse(
        conflict('terminated by other getUpdates request; make sure that only one bot instance is running'),
      );
      waiting = undefined;
      queue = queue.filter(({ update_id }) => update_id >= offset);
      if (queue.length > 0 || timeout === 0) return queue.slice(0, limit);
      return new Promise((resolve, reject) => {
        const mine: Waiting = { answer: resolve, refuse: reject };
        waiting = mine;
        const leave = () => {
          if (waiting === mine) waiting = undefined;
          resolve([]);
        };
        const timer = setTimeout(leave, timeout * 1000).unref();
        gone.addEventListener('abort', () => (clearTimeout(timer), leave()), { once: true });
      });
    },

    setWebhook(target: Webhook | undefined): true {
      webhook = target;
      void push();
      return true;
    },
  };
}

/** Whether the webhook took it. */
function deliver({ url, secret }: Webhook, update: Update): Promise<boolean> {
  const headers = {
    'content-type': 'application/json',
    ...(secret !== undefined && { 'x-telegram-bot-api-secret-token': secret }),
  };
  return fetch(url, { method: 'POST', headers, body: JSON.stringify(update) }).then(
    ({ ok }) => ok,
    () => false,
  );
}

interface PollWish {
  offset?: number | undefined;
  limit?: number | undefined;
  timeout?: number | undefined;
}
