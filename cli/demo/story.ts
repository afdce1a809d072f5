import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { type HouseClient, pageLimit, parseResponse } from '../../client/index.ts';
import type { ApiApproval, ApiPurchase, ItemDetail, TimelineEntry } from '../../contracts/api.ts';
import type { Verdict } from '../../contracts/approvals.ts';
import { workflowIds as idsOf } from '../../contracts/names.ts';
import { moneyToDecimal, parseMoney, subtractMoney } from '../../contracts/money.ts';
import { purchaseArgsSchema } from '../../contracts/purchase-args.ts';
import { type StageName, type StageRecord, type StoryRecord, wantedItems, wholePurchase } from './record.ts';
import { untilTrue } from './until.ts';

export interface StoryParts {
  house: HouseClient;
  owner: StoryOwner;
  arrivals: Arrivals;
  /** Shows a line of the timeline. */
  say: (line: string) => void;
  /** Filled as the story goes on, so that one that stops half-way is told as far as it came. */
  record: StoryRecord;
  signal: AbortSignal;
}

/** How the owner speaks, decides and confirms. */
export interface StoryOwner {
  /** Resolves when the house has the message. */
  tell(text: string): Promise<{ message_id: string; conversation_id: string }>;
  decide(gate: ApiApproval, verdict: Verdict): Promise<void>;
  /** His word on the purchase that an item is in. */
  confirm(itemId: string, paid: { amount: string; currency: string }): Promise<void>;
}

/** What arrived at the other end of an order. */
export interface Arrivals {
  /** Where that is, in words. */
  at: string;
  /** How often the order with this id of the provider's arrived. */
  count(providerId: string): Promise<number>;
}

const words = "we're out of milk and eggs, and get 2 kg flour";
const paid = '12.40';
const uuid = /\b([0-9a-f]{8})(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g;
const receiptSchema = z.looseObject({ provider_id: z.string() });

/** An item that the message began. */
interface Item {
  id: string;
  title: string;
}

/** Plays groceries from need to bought over the REST API. Throws NotInTime, HouseRefused, or the signal's reason. */
export async function playGroceries(parts: StoryParts): Promise<void> {
  const { house, record, signal } = parts;
  const until = untilTrue(signal);
  const told = await tell(parts, words);
  const { items, startedAt } = await until('three items are captured', () => itemsOf(house, told));
  for (const { id } of items) record.workflowIds.add((await itemOf(house, id)).workflow.id);
  const note = noteTo(parts, startedAt);
  await until('every item is needed', () => noteStage(house, items, 'need', note));
  await until('every item is captured', () => noteStage(house, items, 'captured', note));

  const gate = await until('the house asks', () => gateFor(house, items));
  parts.say(gate.card.replaceAll(/^/gm, '    '));
  await decide(parts, gate, 'approve');
  await until('the yes is recorded', () => noteGate(house, items, gate, note));

  const { purchase, itemId } = await until('the order is delivered', () => noteOrder(parts, items, note));
  record.workflowIds.add(idsOf.purchase(purchase.id));
  await parts.owner.confirm(itemId, { amount: paid, currency: purchase.currency });
  await until('every item is bought', () => noteStage(house, items, 'bought', note));
  await settled(parts, gate, note);
}

const itemOf = (house: HouseClient, id: string) => parseResponse(house.pipelines.items[':id'].$get({ param: { id } }));
const timelineOf = async (house: HouseClient, id: string) =>
  (await parseResponse(house.pipelines.items[':id'].timeline.$get({ param: { id } }))).entries;
const messageOf = (house: HouseClient, id: string) => parseResponse(house.messages[':id'].$get({ param: { id } }));

async function tell({ owner, record }: StoryParts, text: string): Promise<string> {
  const receipt = await owner.tell(text);
  record.workflowIds.add(idsOf.conversation(receipt.conversation_id)).add(idsOf.message(receipt.message_id));
  return receipt.message_id;
}

async function decide({ house, owner, record }: StoryParts, gate: ApiApproval, verdict: Verdict): Promise<void> {
  const { workflow } = await parseResponse(house.approvals[':id'].$get({ param: { id: gate.id } }));
  record.workflowIds.add(workflow.id);
  await owner.decide(gate, verdict);
}

/** The three wanted items, once the message is answered; any others are a failure of the reading. */
async function itemsOf(
  house: HouseClient,
  messageId: string,
): Promise<{ items: Item[]; startedAt: number } | undefined> {
  const { message, items } = await messageOf(house, messageId);
  const asWanted = isDeepStrictEqual(items.map(({ title }) => title).sort(), [...wantedItems].sort());
  return message.status === 'answered' && asWanted ? { items, startedAt: Date.parse(message.created_at) } : undefined;
}

type Note = (
  item: string,
  stage: StageName,
  entry: Pick<TimelineEntry, 'at'>,
  evidence: Record<string, unknown>,
) => void;

/** Writes each stage down once and shows it. */
function noteTo({ record, say }: StoryParts, startedAt: number): Note {
  return (item, stage, { at }, evidence) => {
    if (record.stages.some((each) => each.item === item && each.stage === stage)) return;
    const seconds = Math.round(Date.parse(at) - startedAt) / 1000;
    const stageRecord: StageRecord = { item, stage, state: 'done', seconds, evidence };
    record.stages.push(stageRecord);
    say(`${`+${seconds.toFixed(2)} s`.padStart(9)}  ${stage.padEnd(9)} ${item.padEnd(9)} ${inWords(evidence)}`);
  };
}

/** For people: ids by their first eight digits. */
function inWords(evidence: Record<string, unknown>): string {
  return Object.entries(evidence)
    .map(([name, value]) => `${name.replaceAll('_', ' ')} ${String(value).replaceAll(uuid, '$1')}`)
    .join(' · ');
}

/** Whether a stage of every item is done, with the evidence that the house observed. */
async function noteStage(
  house: HouseClient,
  items: Item[],
  stage: 'need' | 'captured' | 'bought',
  note: Note,
): Promise<true | undefined> {
  for (const { id, title } of items) {
    const entry = (await timelineOf(house, id)).find(
      (each) => each.kind === 'stage' && each.stage === stage && each.event === 'done',
    );
    if (entry?.evidence == null) return undefined;
    note(title, stage, entry, briefly(stage, await itemOf(house, id), entry.evidence));
  }
  return true;
}

function briefly(
  stage: 'need' | 'captured' | 'bought',
  detail: ItemDetail,
  evidence: { kind: string; value: unknown },
) {
  const { item, message, purchase } = detail;
  if (stage === 'need') return { message_id: message?.id };
  if (stage === 'captured') return { quantity: item.quantity, words: message?.words, evidence: evidence.kind };
  return {
    amount: purchase?.actual,
    currency: purchase?.currency,
    confirmed_by: purchase?.confirmed_by,
    purchase_id: purchase?.id,
  };
}

/** The open gate whose list holds every item. */
async function gateFor(house: HouseClient, items: Item[]): Promise<ApiApproval | undefined> {
  const covers = ({ args }: ApiApproval): boolean => {
    const listed = purchaseArgsSchema.parse(args).lines.map((line) => line.item_id);
    return items.every(({ id }) => listed.includes(id));
  };
  const query = { status: 'pending', limit: pageLimit } as const;
  return (await parseResponse(house.approvals.$get({ query }))).approvals.find(covers);
}

async function noteGate(house: HouseClient, items: Item[], gate: ApiApproval, note: Note): Promise<true | undefined> {
  for (const { id, title } of items) {
    const entry = (await timelineOf(house, id)).find(
      (each) => each.kind === 'approval' && each.id === gate.id && each.event === 'approved',
    );
    if (entry === undefined) return undefined;
    note(title, 'gate', entry, { approval_id: gate.id, action: gate.action, decided: entry.event, by: entry.detail });
  }
  return true;
}

/** The receipt of the one order of all items, and what it says was delivered at the other end. */
async function noteOrder({ house, arrivals }: StoryParts, items: Item[], note: Note) {
  let ordered: { purchase: ApiPurchase; itemId: string } | undefined;
  for (const { id, title } of items) {
    const { purchase } = await itemOf(house, id);
    const receipts = (await timelineOf(house, id)).filter(({ kind }) => kind === 'receipt');
    const [receipt] = receipts;
    if (purchase?.status !== 'ordered' || receipt?.event !== 'delivered' || receipts.length !== 1) return undefined;
    const { provider_id } = receiptSchema.parse(receipt.evidence?.value);
    if ((await arrivals.count(provider_id)) !== 1) return undefined;
    note(title, 'ordered', receipt, {
      receipt: receipt.event,
      provider_id,
      arrived: arrivals.at,
      purchase_id: purchase.id,
    });
    ordered = { purchase, itemId: id };
  }
  return ordered;
}

/**
 * The budget shows on a card: the next purchase is asked for, its card tells what the week still holds, and it is
 * refused. What is left must have sunk by what was paid, not by what had been reserved.
 */
async function settled(parts: StoryParts, gate: ApiApproval, note: Note): Promise<void> {
  const { house, signal } = parts;
  const until = untilTrue(signal);
  const told = await tell(parts, 'butter');
  const items = await until('the next need is captured', async () => {
    const { items: found } = await messageOf(house, told);
    return found.length === 1 ? found : undefined;
  });
  const next = await until('the house asks about the next purchase', () => gateFor(house, items));
  const before = purchaseArgsSchema.parse(gate.args);
  const after = purchaseArgsSchema.parse(next.args);
  const { currency } = before;
  const cap = before.budget_left_minor + before.estimate_minor;
  const spent = cap - after.budget_left_minor - after.estimate_minor;
  const left = moneyToDecimal(subtractMoney({ minor: cap, currency }, { minor: spent, currency }));
  if (spent !== parseMoney(paid, currency).minor) {
    throw new Error(
      `The budget is not settled: ${moneyToDecimal({ minor: spent, currency })} ${currency} is gone, ${paid} was paid.`,
    );
  }
  note(
    wholePurchase,
    'settled',
    { at: next.created_at },
    {
      paid,
      reserved_before: moneyToDecimal({ minor: before.estimate_minor, currency }),
      budget: moneyToDecimal({ minor: cap, currency }),
      left,
      currency,
      seen_on: next.id,
    },
  );
  await decide(parts, next, 'reject');
}
