import type { CaptureResult } from '../../../contracts/activities.ts';
import type { Quantity } from '../../../contracts/quantity.ts';

/** A thing and how much of it; `usual` when the amount is the household's own setting. */
export interface Noted {
  name: string;
  quantity: Quantity;
  usual: boolean;
}

/** What was made of one message, as the owner is told. Texts are the owner's own words. */
export interface CaptureReport {
  /** `offline`, or the model that read the message. */
  reader: string;
  noted: Noted[];
  /** Questions that this message answered. */
  completed: Noted[];
  /** What the things that merged come to in all. */
  totals: { name: string; quantity: Quantity }[];
  cancelled: { name: string; quantity: Quantity | null }[];
  /** No longer wanted, but already ordered. */
  tooLate: string[];
  /** No longer wanted, and not on the list. */
  notListed: string[];
  /** Names of the things whose amount is asked for. */
  questions: string[];
  notUnderstood: string[];
  /** What became of “buy it now”; null when it was not said. */
  buyNow: 'asked' | 'nothing' | null;
}

/** The stored outcome of a capture: what happens next, and what is said. */
export interface Captured {
  result: CaptureResult;
  report: CaptureReport;
}

/** A report of a message in which nothing has been found yet. */
export function emptyReport(reader: string): CaptureReport {
  return {
    reader,
    noted: [],
    completed: [],
    totals: [],
    cancelled: [],
    tooLate: [],
    notListed: [],
    questions: [],
    notUnderstood: [],
    buyNow: null,
  };
}
