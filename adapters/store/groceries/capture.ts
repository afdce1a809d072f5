import type { Extraction, Span } from '../../../contracts/extraction.ts';
import type { GroceriesSettings } from '../../../contracts/groceries-settings.ts';
import { deriveId } from '../../../contracts/ids.ts';
import { nameKey } from '../../../contracts/name-key.ts';
import type { Unit } from '../../../contracts/units.ts';
import type { Queryable } from '../../postgres.ts';
import { cancelItem } from '../pipeline-rows.ts';
import { regularOf } from './amounts.ts';
import { groceriesChain } from './chain.ts';
import { completeNeed, insertNeed, type KnownAmount, openItemsOf, openQuestionsOf } from './needs.ts';
import { isUndecided, openPurchase, undecidedPurchase, unplannedExist } from './purchases.ts';
import { type Captured, emptyReport, type CaptureReport } from './report.ts';
import { loadRoots, lockOwner, mergeOpen, totalOf } from './roots.ts';

/** A message and what a reader made of it. */
export interface CaptureInput {
  messageId: string;
  ownerId: string;
  conversationId: string;
  source: string;
  /** `offline`, or the model's id. */
  reader: string;
  extraction: Extraction;
}

/** What has been done of a capture so far. */
interface Draft {
  input: CaptureInput;
  settings: GroceriesSettings;
  report: CaptureReport;
  created: Set<string>;
  completed: Set<string>;
  cancelled: Set<string>;
  /** Whether the purchase that is still undecided is concerned. */
  touchedPurchase: boolean;
}

interface Entry {
  span: Span;
  apply(tx: Queryable, draft: Draft): Promise<void>;
}

function amountOf(settings: GroceriesSettings, key: string, said: { quantity: string | null; unit: Unit | null }) {
  const { quantity, unit } = said;
  if (quantity !== null && unit !== null) return { quantity: { amount: quantity, unit }, origin: 'said' as const };
  const regular = quantity === null && unit === null ? regularOf(settings, key) : undefined;
  return regular === undefined ? null : { quantity: regular.quantity, origin: 'regular' as const };
}

async function complete(
  tx: Queryable,
  draft: Draft,
  answer: { question: { id: string; name: string }; amount: KnownAmount; span: Span },
): Promise<void> {
  const { question, amount, span } = answer;
  await completeNeed(tx, question.id, amount, { messageId: draft.input.messageId, span });
  draft.completed.add(question.id);
  const usual = amount.origin === 'regular';
  draft.report.completed.push({ name: question.name, quantity: amount.quantity, usual });
}

function ask(draft: Draft, name: string): void {
  if (!draft.report.questions.includes(name)) draft.report.questions.push(name);
}

async function applyNeed(
  tx: Queryable,
  draft: Draft,
  need: Extraction['needs'][number],
  ordinal: number,
): Promise<void> {
  const { input, settings, report } = draft;
  const key = nameKey(need.name);
  if (key === '') {
    report.notUnderstood.push(need.span.text);
    return;
  }
  const amount = amountOf(settings, key, need);
  const question = (await openQuestionsOf(tx, input.ownerId)).find((each) => each.nameKey === key);
  if (question !== undefined) {
    if (amount === null) ask(draft, question.name);
    else await complete(tx, draft, { question, amount, span: need.span });
    return;
  }
  const { messageId, ownerId, conversationId, source } = input;
  const id = deriveId('item', messageId, String(ordinal));
  const { name, span } = need;
  await insertNeed(tx, settings, { id, ownerId, conversationId, source, name, nameKey: key, amount, messageId, span });
  draft.created.add(id);
  if (amount === null) ask(draft, name);
  else report.noted.push({ name, quantity: amount.quantity, usual: amount.origin === 'regular' });
}

async function applyRemoval(tx: Queryable, draft: Draft, removal: Extraction['removals'][number]): Promise<void> {
  const { input, report } = draft;
  const items = await openItemsOf(tx, input.ownerId, nameKey(removal.name));
  if (items.length === 0) report.notListed.push(removal.name);
  for (const item of items) {
    if (item.purchaseStatus !== null && !isUndecided(item.purchaseStatus)) {
      report.tooLate.push(item.name);
      continue;
    }
    const [root] = await loadRoots(tx, [item.id]);
    const evidence = { message_id: input.messageId, span: removal.span };
    await cancelItem(tx, item.id, { reason: 'The owner does not need it any more.', evidence });
    draft.cancelled.add(item.id);
    draft.touchedPurchase ||= item.purchaseId !== null;
    report.cancelled.push({ name: item.name, quantity: root === undefined ? null : totalOf(root) });
  }
}

/** An amount alone answers a question only when exactly one is open in its conversation and it says of what unit. */
async function applyAmount(tx: Queryable, draft: Draft, said: Extraction['amounts'][number]): Promise<void> {
  const all = await openQuestionsOf(tx, draft.input.ownerId);
  const here = all.filter((question) => question.conversationId === draft.input.conversationId);
  const [question] = here;
  if (question !== undefined && here.length === 1 && said.unit !== null) {
    const amount: KnownAmount = { quantity: { amount: said.quantity, unit: said.unit }, origin: 'said' };
    await complete(tx, draft, { question, amount, span: said.span });
    return;
  }
  draft.report.notUnderstood.push(said.span.text);
  for (const open of here) ask(draft, open.name);
}

/** Everything that the message says, in the order in which it says it. */
function entriesOf({ needs, removals, amounts }: Extraction): Entry[] {
  const entries: Entry[] = [
    ...needs.map((need, ordinal) => ({
      span: need.span,
      apply: (tx: Queryable, draft: Draft) => applyNeed(tx, draft, need, ordinal),
    })),
    ...removals.map((removal) => ({
      span: removal.span,
      apply: (tx: Queryable, draft: Draft) => applyRemoval(tx, draft, removal),
    })),
    ...amounts.map((amount) => ({
      span: amount.span,
      apply: (tx: Queryable, draft: Draft) => applyAmount(tx, draft, amount),
    })),
  ];
  return entries.sort((a, b) => a.span.start - b.span.start);
}

/** Merges what is the same by now; answers the items that are no roots any more. */
async function merge(tx: Queryable, draft: Draft): Promise<Set<string>> {
  const merges = await mergeOpen(tx, draft.input.ownerId, null);
  const roots = await loadRoots(tx, [...new Set(merges.map(({ into }) => into))]);
  for (const root of roots) {
    const quantity = totalOf(root);
    if (quantity !== null) draft.report.totals.push({ name: root.name, quantity });
    draft.touchedPurchase ||= root.purchaseId !== null;
  }
  return new Set(merges.map(({ from }) => from));
}

/** The purchase that should look at its items, opened when there is something new to buy or “buy it now” was said. */
async function choosePurchase(tx: Queryable, draft: Draft): Promise<string | null> {
  const { input, report, settings } = draft;
  const { ownerId, conversationId, messageId } = input;
  const wanted = input.extraction.buyNow || report.noted.length > 0 || report.completed.length > 0;
  if (wanted && (await unplannedExist(tx, ownerId))) {
    return openPurchase(tx, settings, { ownerId, conversationId, seed: messageId });
  }
  return draft.touchedPurchase || input.extraction.buyNow ? undecidedPurchase(tx, ownerId) : null;
}

async function perform(tx: Queryable, draft: Draft): Promise<Captured> {
  const { input, report, settings } = draft;
  for (const entry of entriesOf(input.extraction)) await entry.apply(tx, draft);
  report.notUnderstood.push(...input.extraction.notUnderstood.map(({ text }) => text));
  const open = new Set((await openQuestionsOf(tx, input.ownerId)).map(({ name }) => name));
  report.questions = report.questions.filter((name) => open.has(name));
  const merged = await merge(tx, draft);
  const purchaseId = await choosePurchase(tx, draft);
  if (input.extraction.buyNow) report.buyNow = purchaseId === null ? 'nothing' : 'asked';
  const chain = groceriesChain(settings);
  const alive = [...draft.created].filter((id) => !merged.has(id) && !draft.cancelled.has(id));
  const touched = new Set([...draft.completed, ...draft.cancelled, ...merged]);
  return {
    result: {
      started: alive.map((itemId) => ({ itemId, ownerId: input.ownerId, chain })),
      changed: [...touched].filter((id) => !draft.created.has(id)),
      purchaseId,
    },
    report,
  };
}

/** What was made of a message; null before its capture. */
export async function readCapture(db: Queryable, messageId: string): Promise<Captured | null> {
  const { rows } = await db.query<Captured>('SELECT result, report FROM household.captures WHERE id = $1', [messageId]);
  return rows[0] ?? null;
}

/** Turns what was read into items, once: a repeat answers what the first capture did. */
export async function capture(tx: Queryable, settings: GroceriesSettings, input: CaptureInput): Promise<Captured> {
  await lockOwner(tx, input.ownerId);
  const known = await readCapture(tx, input.messageId);
  if (known !== null) return known;
  const captured = await perform(tx, {
    input,
    settings,
    report: emptyReport(input.reader),
    created: new Set(),
    completed: new Set(),
    cancelled: new Set(),
    touchedPurchase: false,
  });
  await tx.query('INSERT INTO household.captures (id, source, result, report) VALUES ($1, $2, $3, $4)', [
    input.messageId,
    input.source,
    JSON.stringify(captured.result),
    JSON.stringify(captured.report),
  ]);
  return captured;
}
