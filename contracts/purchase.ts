import type { Unit } from './units.ts';

/** One line of a purchase: the sum of one item and of all that was merged into it. It stands so in `purchases.lines`. */
export interface PurchaseLine {
  item_id: string;
  name: string;
  /** A plain decimal in `unit`, for people. */
  quantity: string;
  unit: Unit;
  /** The same in thousandths of the base unit, as a decimal integer: exact at any size. */
  base_milli: string;
  base_unit: Unit;
  /** How many needs the line stands for. */
  parts: number;
  /** Minor units of the purchase's currency. */
  price_minor: number;
  /** True when no regular knows the price, so that the default stands for the line. */
  estimated: boolean;
}

/**
 * `planning → asked → ordering → ordered | unknown → bought | not_bought`; `rejected`, `expired`, `cancelled`, `over_budget`
 * and `failed` end it without an order.
 */
export type PurchaseStatus =
  | 'planning'
  | 'asked'
  | 'ordering'
  | 'ordered'
  | 'unknown'
  | 'bought'
  | 'not_bought'
  | 'rejected'
  | 'expired'
  | 'cancelled'
  | 'over_budget'
  | 'failed';
