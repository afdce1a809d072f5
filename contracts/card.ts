import type { RiskTier } from './approvals.ts';
import { formatMoney } from './money.ts';
import type { PurchaseArgs } from './purchase-args.ts';
import { format } from './quantity.ts';

/** What a card is made of: stored facts alone. */
export interface CardFacts {
  approvalId: string;
  tool: string;
  account: string;
  riskTier: RiskTier;
  actionHash: string;
  expiresAt: Date;
  args: PurchaseArgs;
}

/**
 * Characters that a reader does not see or that turn the reading direction: controls, zero-width, bidirectional
 * marks, the tag block and variation selectors (Unicode Cc, Cf, Zl, Zp and UTS #51 selectors).
 */
const invisible = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\u{FE00}-\u{FE0F}\u{E0100}-\u{E01EF}]/gu;

/** Makes what cannot be seen visible: U+202E becomes `⟨U+202E⟩`. */
export function visible(text: string): string {
  return text.replaceAll(invisible, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return `⟨U+${code.toString(16).toUpperCase().padStart(4, '0')}⟩`;
  });
}

const amountOf = ({ quantity, unit }: PurchaseArgs['lines'][number]): string => format({ amount: quantity, unit });

/** The text of a gate's card. Deterministic: the same stored arguments give the same card, whoever asks. */
export function renderCard(facts: CardFacts): string {
  const { args, account } = facts;
  const money = (minor: number): string => formatMoney({ minor, currency: args.currency });
  const lines = args.lines.map((line) => {
    const merged = line.parts > 1 ? `, ${line.parts} needs together` : '';
    const price = `${line.estimated ? '≈ ' : ''}${money(line.price_minor)}`;
    return `• ${visible(line.name)} — ${amountOf(line)}${merged} — ${price}`;
  });
  const guessed = args.lines.filter((line) => line.estimated).length;
  return [
    `Buy ${args.lines.length === 1 ? 'one thing' : `${args.lines.length} things`} at ${visible(args.shop)}?`,
    ...lines,
    `Amount: about ${money(args.estimate_minor)}${guessed > 0 ? ` (≈: ${guessed} without a known price)` : ''}`,
    `Budget left this week after it: ${money(args.budget_left_minor)}`,
    args.shop_address === null
      ? 'On yes: the list comes to you, and you confirm what you paid.'
      : `On yes: the order goes to ${visible(args.shop_address)} as ${visible(account)}. A sent order cannot be taken back here.`,
    `Tool ${facts.tool}, risk ${facts.riskTier}, action ${facts.actionHash.slice(0, 12)}`,
    `No answer by ${facts.expiresAt.toISOString()} means no.`,
  ].join('\n');
}

/** The list that goes to the owner when he shops himself. */
export function renderList(args: PurchaseArgs): string {
  return [
    `Shopping list for ${visible(args.shop)} (about ${formatMoney({ minor: args.estimate_minor, currency: args.currency })}):`,
    ...args.lines.map((line) => `☐ ${visible(line.name)} — ${amountOf(line)}`),
    'When it is bought, confirm it with the amount that you paid; if it was not, say so and the items stay open.',
  ].join('\n');
}
