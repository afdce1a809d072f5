/** One line of an order, as the shop reads it: "Milk" and "2 l". */
export interface OrderLine {
  readonly name: string;
  readonly quantity: string;
}

/** An order as it goes to the shop or the owner; the same input gives the same text, byte for byte. */
export interface Order {
  readonly messageId: string;
  readonly subject: string;
  readonly text: string;
}

/**
 * Renders an order. The Message-ID is made of the purchase alone, not of the try: it lets the shop and the Sent
 * folder recognise an order that comes twice. Line breaks and other control characters in names become spaces.
 * `from`: the sender, plain or as `Name <address>`; its domain ends the Message-ID.
 */
export function renderOrder({
  shop,
  lines,
  purchaseId,
  from,
}: {
  shop: string;
  lines: readonly OrderLine[];
  purchaseId: string;
  from: string;
}): Order {
  const items = lines.map(({ name, quantity }) => `- ${oneLine(quantity)} ${oneLine(name)}`);
  return {
    messageId: `<${purchaseId}.order@${domainOf(from)}>`,
    subject: `Order ${purchaseId.slice(0, 8)}: ${lines.length} ${lines.length === 1 ? 'item' : 'items'}`,
    text: [
      `To ${oneLine(shop)},`,
      '',
      'please prepare this order:',
      '',
      ...items,
      '',
      'Please answer this message with the total amount, or with what you do not have.',
      'A message that bears the same order number is the same order, not another one.',
      '',
      `Order number: ${purchaseId}`,
      '',
    ].join('\n'),
  };
}

function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim();
}

function domainOf(from: string): string {
  return /@([A-Za-z0-9.-]+)>?\s*$/.exec(from)?.[1]?.toLowerCase() ?? 'majordomo.invalid';
}
