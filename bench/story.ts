import { randomUUID } from 'node:crypto';
import { setTimeout as wait } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { z } from 'zod';
import { workflowIds } from '../contracts/names.ts';
import type { BenchDatabase } from './database.ts';
import { untilIdle } from './idle.ts';
import { quietMs, stopwatch, type Window } from './timing.ts';

/** One item's way from need to bought, in milliseconds; the owner answers at once, his own time is left out. */
export interface Story {
  /** The POST of the message, until its answer. */
  restTrigger: number;
  /** From that POST until the first stage is recorded done. */
  firstStage: number;
  /** From that POST until the card is shown. */
  toCard: number;
  /** The POST of the decision, until its answer. */
  decisionAnswered: number;
  /** From that POST until the list is in the owner's conversation. */
  tapToEffect: number;
  /** From that POST until the receipt is recorded on the purchase. */
  toOrdered: number;
  /** From the POST of the owner's word until the item is bought. */
  toBought: number;
  /** The three segments that the house has to itself. */
  pipeline: number;
  /** Transactions that wrote, from the POST of the decision to the list; the last of them is the list. */
  commits: number;
  /** Workflows that played in it, and when: milliseconds since the epoch. */
  ids: { conversation: string; message: string; item: string; purchase: string; approval: string };
  windows: { firstStage: Window; tapToEffect: Window };
}

const received = z.object({ message_id: z.string(), conversation_id: z.string() });

/** Plays stories in a running house, one after the other, by its REST API on a connection that is kept. */
export function createStories(parts: {
  api: string;
  key: string;
  ownerId: string;
  client: Client;
  database: BenchDatabase;
}) {
  const { api, key, ownerId, client, database } = parts;

  async function post(path: string, body: object, more: Record<string, string> = {}): Promise<unknown> {
    const response = await fetch(`${api}/api/v1${path}`, {
      method: 'POST',
      headers: { 'x-api-key': key, 'content-type': 'application/json', ...more },
      body: JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  /** When it appears; one that is never asked for again, because its POST failed, is no error of its own. */
  function watch(passed: () => number, ...what: Parameters<BenchDatabase['until']>): Promise<number> {
    const seen = database.until(...what).then(passed);
    seen.catch(() => {});
    return seen;
  }

  async function need() {
    const seq = await database.lastSeq();
    const from = Date.now();
    const passed = stopwatch();
    const staged = watch(passed, 'firstStage', ownerId);
    const body = { text: 'sugar', source_id: randomUUID(), conversation: 'bench' };
    const receipt = received.parse(await post('/messages', body));
    const restTrigger = passed();
    const firstStage = await staged;
    await database.until('card', ownerId, seq);
    return { receipt, restTrigger, firstStage, toCard: passed(), window: { from, to: from + firstStage } };
  }

  async function decide(approval: string, purchase: string) {
    const seq = await database.lastSeq();
    const writesBefore = await database.writes();
    const from = Date.now();
    const passed = stopwatch();
    const effect = watch(passed, 'list', ownerId, seq);
    const ordered = watch(passed, 'ordered', purchase);
    await post(`/approvals/${approval}/decide`, { verdict: 'approve', decision_id: randomUUID() });
    const decisionAnswered = passed();
    const tapToEffect = await effect;
    const toOrdered = await ordered;
    const commits = (await database.writerOf('list', seq)) - writesBefore + 1;
    return { decisionAnswered, tapToEffect, toOrdered, commits, window: { from, to: from + tapToEffect } };
  }

  async function confirm(item: string): Promise<number> {
    const passed = stopwatch();
    const bought = watch(passed, 'bought', item);
    // Whatever the week's budget is, it holds many of these.
    const word = { stage: 'bought', verdict: 'bought', amount: '0.01', currency: 'EUR' };
    await post(`/pipelines/items/${item}/evidence`, word, { 'idempotency-key': randomUUID() });
    return bought;
  }

  return async function play(): Promise<Story> {
    await wait(quietMs);
    const asked = await need();
    const { item, purchase, approval } = await database.openStory(ownerId);
    const ids = {
      conversation: workflowIds.conversation(asked.receipt.conversation_id),
      message: workflowIds.message(asked.receipt.message_id),
      item: workflowIds.item(item),
      purchase: workflowIds.purchase(purchase),
      approval: workflowIds.approval(approval),
    };
    await untilIdle(client, Object.values(ids));
    const tapped = await decide(approval, purchase);
    await untilIdle(client, [ids.item, ids.purchase, ids.approval]);
    const toBought = await confirm(item);
    for (const id of [ids.item, ids.purchase, ids.approval, ids.message]) await client.workflow.getHandle(id).result();
    return {
      restTrigger: asked.restTrigger,
      firstStage: asked.firstStage,
      toCard: asked.toCard,
      decisionAnswered: tapped.decisionAnswered,
      tapToEffect: tapped.tapToEffect,
      toOrdered: tapped.toOrdered,
      toBought,
      pipeline: asked.toCard + tapped.toOrdered + toBought,
      commits: tapped.commits,
      ids,
      windows: { firstStage: asked.window, tapToEffect: tapped.window },
    };
  };
}

export type PlayStory = ReturnType<typeof createStories>;
