import { log } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import type { DeliveredApproval, Delivery, DeliveryStore } from '../adapters/store/deliveries.ts';
import type { OutboxActivities } from '../contracts/activities.ts';
import { renderDecided } from '../contracts/decided-card.ts';
import type { DeliveryEnd, DeliveryRef } from '../contracts/deliveries.ts';
import { failureTypes } from '../contracts/failures.ts';
import {
  longestTelegramText,
  type NotPosted,
  type Posted,
  type TelegramButton,
  type TelegramPort,
  writeTap,
} from '../contracts/telegram.ts';
import { whileHeartbeating } from './heartbeat.ts';

export interface OutboxDependencies {
  deliveries: DeliveryStore;
  /** Absent where there is no bot: then nothing is due. */
  telegram: TelegramPort | undefined;
  /** A gate's single-use code; null when the key that it was made with is gone. */
  codeOf: (approvalId: string, keyId: string) => string | null;
  /** Milliseconds that a claim gives the right to begin sending. */
  leaseMs: number;
}

/** Milliseconds that follow try `number`: one second, then twice as many each time, up to a minute. */
const pauseAfter = (number: number): number => Math.min(60_000, 500 * 2 ** number);

/** Chats whose refusal of reactions was said; more than this many are not worth a line each. */
const mostWarned = 100;

const tooLong = 'This question is too long for buttons: decide it in the console or by the API.';

const reactions = ['👀', '👍', '👾'] as const;

type Answer = Posted | NotPosted;

/** Shows a chat what the house says. Only messages need a claim: edits and reactions are harmless to repeat. */
export function createOutboxActivities(deps: OutboxDependencies): OutboxActivities {
  const { deliveries, telegram, leaseMs } = deps;
  const warned = new Set<number>();

  /** No code, no buttons: a press would decide nothing. What is no single message cannot be edited later. */
  function cardOf(body: string, approval: DeliveredApproval): { text: string; buttons?: readonly TelegramButton[] } {
    const text = renderDecided(body, approval);
    const code = approval.status === 'pending' ? deps.codeOf(approval.id, approval.codeKeyId) : null;
    if (code === null) return { text };
    if (text.length > longestTelegramText) return { text: `${text}\n\n${tooLong}` };
    const { id: approvalId } = approval;
    const buttons = [
      { text: '✅ Approve', data: writeTap({ approvalId, verdict: 'approve', code }) },
      { text: '❌ Reject', data: writeTap({ approvalId, verdict: 'reject', code }) },
    ];
    return { text, buttons };
  }

  async function send(ref: DeliveryRef, delivery: Delivery, port: TelegramPort): Promise<DeliveryEnd> {
    if (!(await deliveries.claim(ref, leaseMs))) throw notOurs();
    const { chatId, body, approval, replyTo, wanted } = delivery;
    const said = approval === null ? { text: body } : cardOf(body, approval);
    const post = { chatId, ...said, ...(replyTo !== null && { replyTo }) };
    if (!(await deliveries.startSending(ref))) throw notOurs();
    try {
      return endOf(ref, await whileHeartbeating((signal) => port.send(post, signal)), wanted);
    } catch (error) {
      return { kind: 'unknown', detail: `The send ended with ${nameOf(error)}.` };
    }
  }

  async function showAgain(ref: DeliveryRef, delivery: Delivery, port: TelegramPort): Promise<DeliveryEnd> {
    try {
      return endOf(ref, await whileHeartbeating((signal) => change(delivery, port, signal)), delivery.wanted);
    } catch (error) {
      return { kind: 'later', afterMs: pauseAfter(ref.number), detail: `It ended with ${nameOf(error)}.` };
    }
  }

  async function change(delivery: Delivery, port: TelegramPort, signal: AbortSignal): Promise<Answer> {
    const { chatId, providerMessageId: messageId, kind, body, approval, wanted } = delivery;
    if (messageId === null) return { done: false, retryAfterMs: null, detail: 'There is no message to change.' };
    const emoji = reactions.find((each) => each === wanted);
    if (kind === 'reaction' && emoji !== undefined) return port.react({ chatId, messageId, emoji }, signal);
    return port.edit({ chatId, messageId, text: approval === null ? body : renderDecided(body, approval) }, signal);
  }

  /** A chat that takes no reactions is said to be one once per life of the process. */
  function warnOnce(delivery: Delivery, end: DeliveryEnd): void {
    if (delivery.kind !== 'reaction' || end.kind !== 'refused') return;
    if (warned.has(delivery.chatId) || warned.size >= mostWarned) return;
    warned.add(delivery.chatId);
    log.warn('Telegram does not take the reactions that show how a message fares.', { detail: end.detail });
  }

  return {
    nextDelivery: async ({ accountId }) => (telegram === undefined ? null : deliveries.next(accountId)),

    async deliver(ref) {
      const delivery = await deliveries.get(ref.deliveryId);
      if (delivery === null || telegram === undefined) throw notOurs();
      const repeatable = delivery.kind === 'reaction' || delivery.status === 'delivered';
      const end = await (repeatable ? showAgain : send)(ref, delivery, telegram);
      warnOnce(delivery, end);
      return deliveries.record(ref, end).then(
        () => null,
        () => end,
      );
    },

    async recordDelivery({ end, ...ref }) {
      await deliveries.record(ref, end);
    },

    async fenceDelivery(ref) {
      await deliveries.fence(ref, pauseAfter(ref.number));
    },
  };
}

function endOf({ number }: DeliveryRef, answer: Answer, shows: string | null): DeliveryEnd {
  if (answer.done) return { kind: 'shown', messageId: answer.messageId, shows };
  const { retryAfterMs, detail } = answer;
  if (retryAfterMs === null) return { kind: 'refused', detail };
  return { kind: 'later', afterMs: Math.max(retryAfterMs, pauseAfter(number)), detail };
}

/** An error's words may hold a token or a chat's number; its name does not. */
const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'an error');

const notOurs = () => ApplicationFailure.nonRetryable('The try is not ours.', failureTypes.attemptNotOurs);
