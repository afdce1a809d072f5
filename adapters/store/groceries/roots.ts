import { decimal, type Quantity, thousandths } from '../../../contracts/quantity.ts';
import type { Unit } from '../../../contracts/units.ts';
import type { Queryable } from '../../postgres.ts';
import { mergeItem } from '../pipeline-rows.ts';
import { type BaseAmount, quantityOf } from './amounts.ts';

/** What one message asked for, beside the words it was asked with. */
export interface Part {
  id: string;
  name: string;
  nameKey: string;
  /** Null until the owner has said how much. */
  quantity: Quantity | null;
  base: BaseAmount | null;
  origin: 'said' | 'regular' | null;
  messageId: string;
  span: { start: number; end: number; text: string };
  /** Whether the words stand in the message exactly there; offsets are UTF-16 code units. */
  spanHolds: boolean;
}

/** An item that is not merged into another, with all that is merged into it; itself is the first of its parts. */
export interface Root {
  id: string;
  name: string;
  nameKey: string;
  purchaseId: string | null;
  /** The sum of the parts; null while its own amount is not known. */
  total: BaseAmount | null;
  parts: Part[];
  /** Name, quantity, unit and exact words are known of every part. */
  captured: boolean;
}

interface NeedRow {
  id: string;
  rootId: string;
  name: string;
  nameKey: string;
  quantity: string | null;
  unit: Unit | null;
  baseMilli: string | null;
  baseUnit: Unit | null;
  origin: 'said' | 'regular' | null;
  messageId: string;
  spanStart: number;
  spanEnd: number;
  spanText: string;
  purchaseId: string | null;
}

/** Everything about one owner's needs and purchases changes one after the other, until commit. */
export async function lockOwner(tx: Queryable, ownerId: string): Promise<void> {
  await tx.query("SELECT pg_advisory_xact_lock(hashtextextended('groceries:' || $1, 0))", [ownerId]);
}

function partOf(row: NeedRow, bodies: ReadonlyMap<string, string>): Part {
  const { quantity, unit, baseMilli, baseUnit, spanStart, spanEnd, spanText } = row;
  return {
    id: row.id,
    name: row.name,
    nameKey: row.nameKey,
    quantity: quantity === null || unit === null ? null : { amount: decimal(thousandths(quantity) ?? 0n), unit },
    base: baseMilli === null || baseUnit === null ? null : { milli: BigInt(baseMilli), unit: baseUnit },
    origin: row.origin,
    messageId: row.messageId,
    span: { start: spanStart, end: spanEnd, text: spanText },
    spanHolds: bodies.get(row.messageId)?.slice(spanStart, spanEnd) === spanText,
  };
}

function rootOf(own: NeedRow, parts: Part[]): Root {
  const bases = parts.flatMap((part) => (part.base === null ? [] : [part.base]));
  const first = bases[0];
  const whole = first !== undefined && bases.length === parts.length;
  return {
    id: own.id,
    name: own.name,
    nameKey: own.nameKey,
    purchaseId: own.purchaseId,
    total: whole ? { milli: bases.reduce((sum, base) => sum + base.milli, 0n), unit: first.unit } : null,
    parts,
    captured: whole && parts.every((part) => part.spanHolds),
  };
}

/** Loads roots with their parts, in the order in which they were written; ids of merged items are left out. */
export async function loadRoots(tx: Queryable, ids: readonly string[]): Promise<Root[]> {
  const { rows } = await tx.query<NeedRow>(
    `SELECT need.id, coalesce(item.merged_into, item.id) AS "rootId", need.name, need.name_key AS "nameKey",
       need.quantity::text AS quantity, need.unit, need.base_milli::text AS "baseMilli", need.base_unit AS "baseUnit",
       need.quantity_origin AS origin, need.message_id AS "messageId", need.span_start AS "spanStart",
       need.span_end AS "spanEnd", need.span_text AS "spanText", need.purchase_id AS "purchaseId"
     FROM household.needs need JOIN core.pipeline_items item ON item.id = need.id
     WHERE item.id = ANY($1::uuid[]) AND item.merged_into IS NULL OR item.merged_into = ANY($1::uuid[])
     ORDER BY item.created_at, item.id`,
    [ids],
  );
  const messages = await tx.query<{ id: string; body: string }>(
    'SELECT id, body FROM core.messages WHERE id = ANY($1::uuid[])',
    [[...new Set(rows.map((row) => row.messageId))]],
  );
  const bodies = new Map(messages.rows.map(({ id, body }) => [id, body]));
  return rows
    .filter((row) => row.rootId === row.id)
    .map((own) => {
      const merged = rows.filter((row) => row.rootId === own.id && row.id !== own.id);
      return rootOf(
        own,
        [own, ...merged].map((row) => partOf(row, bodies)),
      );
    });
}

/**
 * The captured open items that no decision has touched yet: unplanned, in a purchase that is still being planned, or in
 * the given one. Locked until the end of the transaction, oldest first.
 */
export async function undecidedRoots(tx: Queryable, ownerId: string, purchaseId: string | null): Promise<Root[]> {
  const { rows } = await tx.query<{ id: string }>(
    `SELECT item.id FROM core.pipeline_items item
     JOIN household.needs need ON need.id = item.id
     LEFT JOIN household.purchases purchase ON purchase.id = need.purchase_id
     WHERE item.owner_id = $1 AND item.chain = 'groceries' AND item.status = 'open' AND need.quantity IS NOT NULL
       AND (purchase.id IS NULL OR purchase.status = 'planning' OR purchase.id = $2)
     ORDER BY item.created_at, item.id FOR UPDATE OF item`,
    [ownerId, purchaseId],
  );
  const roots = await loadRoots(
    tx,
    rows.map((row) => row.id),
  );
  return roots.filter((root) => root.captured);
}

/** The same thing in units that add up: groups of roots, the oldest of each first. */
export function sameThings(roots: readonly Root[]): [Root, ...Root[]][] {
  const groups = new Map<string, [Root, ...Root[]]>();
  for (const root of roots) {
    if (root.total === null) continue;
    const key = JSON.stringify([root.nameKey, root.total.unit]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [root]);
    else group.push(root);
  }
  return [...groups.values()];
}

/** One item that is counted in another from now on. */
export interface Merge {
  from: string;
  into: string;
}

/**
 * Merges open items of the same thing into the oldest of them. No quantity is rewritten: a sum is always derived from its
 * parts. A root takes over the purchase that a merged item was planned in.
 */
export async function mergeOpen(tx: Queryable, ownerId: string, purchaseId: string | null): Promise<Merge[]> {
  const merges: Merge[] = [];
  for (const [root, ...others] of sameThings(await undecidedRoots(tx, ownerId, purchaseId))) {
    for (const other of others) {
      await mergeItem(tx, other.id, root.id);
      await tx.query('UPDATE household.needs SET purchase_id = NULL WHERE id = $1 AND purchase_id IS NOT NULL', [
        other.id,
      ]);
      merges.push({ from: other.id, into: root.id });
    }
    const planned = others.find((other) => other.purchaseId !== null)?.purchaseId ?? null;
    if (root.purchaseId === null && planned !== null) {
      await tx.query('UPDATE household.needs SET purchase_id = $2 WHERE id = $1', [root.id, planned]);
    }
  }
  return merges;
}

/** The amount of a root as a person reads it; null while it is not known. */
export function totalOf(root: Root): Quantity | null {
  return root.total === null ? null : quantityOf(root.total);
}
