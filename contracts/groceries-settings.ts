import { z } from 'zod';
import { durationField, text } from './fields.ts';
import { currencyExponent, isCurrency, parseMoney, type Money } from './money.ts';
import { decimal as decimalOf, type Quantity } from './quantity.ts';
import { isTimeZone, type QuietHours } from './quiet-hours.ts';
import { units } from './units.ts';

/** What a word such as "milk" means when no quantity was said, and what that much costs. */
export interface Regular {
  readonly name: string;
  readonly quantity: Quantity;
  /** Of the whole quantity. */
  readonly price: Money;
}

/** The household's own settings for groceries. */
export interface GroceriesSettings {
  readonly shop: string;
  /** `owner`: the list goes to the owner; `email`: the order goes to `shopEmail`. */
  readonly channel: 'owner' | 'email';
  /** Always set when the channel is `email`. */
  readonly shopEmail?: string;
  readonly currency: string;
  readonly budgetPerWeek: Money;
  /** Estimate for a line that no regular prices. */
  readonly defaultPrice: Money;
  /** IANA zone of the household: its weeks and its quiet hours. */
  readonly timezone: string;
  /** From need to each stage, in ms. */
  readonly deadlines: { readonly capturedWithinMs: number; readonly boughtWithinMs: number };
  readonly quietHours: QuietHours;
  readonly regulars: readonly Regular[];
}

const DECIMAL = /^\d{1,9}(\.\d{1,6})?$/;
const decimal = z.string().regex(DECIMAL, 'is an amount in quotes with a point, such as "12.40".');
const clock = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'is a time of day such as "22:00".');

const regularSchema = z.strictObject({
  name: text,
  quantity: z
    .number()
    .positive('is more than zero.')
    .max(999_999, 'is at most 999999.')
    .refine((value) => Number(value.toFixed(3)) === value, 'has at most three decimals.'),
  unit: z.enum(units),
  price: decimal,
});

const fileSchema = z
  .strictObject({
    shop: text,
    channel: z.enum(['owner', 'email']),
    shop_email: z.union([z.literal('').transform(() => undefined), z.email('is not an e-mail address.')]).optional(),
    currency: z.string().refine(isCurrency, 'is an ISO 4217 code in upper case, such as "EUR".'),
    budget_per_week: decimal,
    default_price: decimal,
    timezone: z.string().refine(isTimeZone, 'is a time zone of the IANA list, such as "Europe/Vienna" or "UTC".'),
    deadlines: z.strictObject({ captured_within: durationField, bought_within: durationField }),
    quiet_hours: z.strictObject({ from: clock, to: clock }).refine(({ from, to }) => from !== to, {
      path: ['to'],
      error: 'equals from: quiet hours need a length. Choose another end.',
    }),
    regulars: z.array(regularSchema).default([]),
  })
  .superRefine(crossChecks, { when: () => true });

type GroceriesFile = z.infer<typeof fileSchema>;

/** `[modules.groceries]` of butler.toml → settings. */
export const groceriesSchema = fileSchema.transform(toSettings);

/** Looks at a table whose fields may each be wrong already, so that nothing waits for the next start to be reported. */
function crossChecks(value: Partial<GroceriesFile>, context: z.RefinementCtx): void {
  const issue = (path: Array<string | number>, message: string) => context.addIssue({ code: 'custom', path, message });
  if (value.channel === 'email' && value.shop_email === undefined) {
    issue(
      ['shop_email'],
      'is missing: the channel "email" sends the order there. Add it, or choose the channel "owner".',
    );
  }
  const regulars = Array.isArray(value.regulars) ? value.regulars : [];
  for (const [path, amount] of amountsOf(value, regulars)) {
    if (tooPrecise(amount, value.currency)) issue(path, `has more decimals than ${value.currency} has.`);
  }
  const seen = new Set<string>();
  for (const [index, regular] of regulars.entries()) {
    if (typeof regular?.name !== 'string') continue;
    const name = regular.name.toLowerCase();
    if (seen.has(name)) issue(['regulars', index, 'name'], 'stands twice: keep one.');
    seen.add(name);
  }
}

function amountsOf(
  value: Partial<GroceriesFile>,
  regulars: GroceriesFile['regulars'],
): Array<[Array<string | number>, unknown]> {
  return [
    [['budget_per_week'], value.budget_per_week],
    [['default_price'], value.default_price],
    ...regulars.map((regular, index): [Array<string | number>, unknown] => [
      ['regulars', index, 'price'],
      regular?.price,
    ]),
  ];
}

function tooPrecise(amount: unknown, currency: unknown): boolean {
  if (typeof amount !== 'string' || !DECIMAL.test(amount)) return false;
  if (typeof currency !== 'string' || !isCurrency(currency)) return false;
  return (amount.split('.')[1] ?? '').length > currencyExponent(currency);
}

function toSettings(file: GroceriesFile): GroceriesSettings {
  const money = (amount: string) => parseMoney(amount, file.currency);
  return {
    shop: file.shop,
    channel: file.channel,
    ...(file.shop_email !== undefined && { shopEmail: file.shop_email }),
    currency: file.currency,
    budgetPerWeek: money(file.budget_per_week),
    defaultPrice: money(file.default_price),
    timezone: file.timezone,
    deadlines: { capturedWithinMs: file.deadlines.captured_within, boughtWithinMs: file.deadlines.bought_within },
    quietHours: { ...file.quiet_hours, timezone: file.timezone },
    regulars: file.regulars.map(({ name, quantity, unit, price }) => ({
      name,
      quantity: { amount: decimalOf(BigInt(Math.round(quantity * 1000))), unit },
      price: money(price),
    })),
  };
}
