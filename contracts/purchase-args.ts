import { z } from 'zod';
import type { PurchaseLine } from './purchase.ts';
import { units } from './units.ts';

const lineSchema: z.ZodType<PurchaseLine> = z.strictObject({
  item_id: z.uuid(),
  name: z.string().min(1),
  quantity: z.string().min(1),
  unit: z.enum(units),
  base_milli: z.string().regex(/^\d+$/u),
  base_unit: z.enum(units),
  parts: z.int().positive(),
  price_minor: z.int().nonnegative(),
  estimated: z.boolean(),
});

/** Arguments of both purchase tools: what the owner approves, and what is carried out. Amounts are minor units. */
export const purchaseArgsSchema = z.strictObject({
  purchase_id: z.uuid(),
  shop: z.string().min(1),
  /** The shop's e-mail address; null where the list goes to the owner. */
  shop_address: z.string().nullable(),
  currency: z.string().length(3),
  estimate_minor: z.int().nonnegative(),
  /** What the week's budget still holds once this estimate is set aside. */
  budget_left_minor: z.int(),
  lines: z.array(lineSchema).min(1),
});
export type PurchaseArgs = z.infer<typeof purchaseArgsSchema>;
