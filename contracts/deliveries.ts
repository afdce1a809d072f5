/** `waiting`: certainly not sent. `unknown`: it may have been sent, and is never sent again. */
export const deliveryStatuses = ['waiting', 'sending', 'delivered', 'refused', 'unknown'] as const;
export type DeliveryStatus = (typeof deliveryStatuses)[number];

/** Whose turn it is in a delivery: which row, which try of it (from 1). */
export interface DeliveryRef {
  deliveryId: string;
  number: number;
}

/**
 * How a try ended. `later`: certainly not sent, to be tried again after that many milliseconds; `refused`: Telegram will
 * not take it; `unknown`: nobody knows whether it was sent. `shows` is what the chat shows now, null for plain text.
 */
export type DeliveryEnd =
  | { kind: 'shown'; messageId: number; shows: string | null }
  | { kind: 'later'; afterMs: number; detail: string }
  | { kind: 'refused'; detail: string }
  | { kind: 'unknown'; detail: string };
