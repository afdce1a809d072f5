import type { ApprovalStatus } from './approvals.ts';
import { visible } from './card.ts';
import { toolNames } from './names.ts';

/** How a question was settled, as its approval's row says. */
export interface Decided {
  status: ApprovalStatus;
  tool: string;
  decidedBy: string | null;
  decidedVia: string | null;
  /** ISO 8601. */
  decidedAt: string | null;
  feedback: string | null;
}

/** Characters of a feedback that are shown: the line below a card must stay one. */
const longestFeedback = 200;

const quoted = (feedback: string): string => visible(feedback.slice(0, longestFeedback).toWellFormed());

/** Who decided, without a number of a chat: `key:018f3a52-…` becomes "key 018f3a52". */
function by(account: string | null): string {
  const [channel, id] = (account ?? '').split(':');
  if (channel === 'telegram') return 'by you ';
  if (channel === 'key') return `by key ${id?.slice(0, 8)} `;
  return channel === 'code' ? 'by its code ' : '';
}

function decision({ decidedBy, decidedVia, decidedAt }: Decided): string {
  const moment = decidedAt === null ? '' : ` at ${new Date(decidedAt).toISOString().slice(0, 16)}Z`;
  return `${by(decidedBy)}via ${decidedVia ?? 'the house'}${moment}`;
}

const approved = (decided: Decided, more: string): string => `✅ Approved ${decision(decided)}.${more}`;

/** The line that takes the buttons' place. */
const outcomes: Record<Exclude<ApprovalStatus, 'pending'>, (decided: Decided) => string> = {
  approved: (decided) => approved(decided, ''),
  executing: (decided) => approved(decided, ''),
  executed: (decided) =>
    approved(decided, decided.tool === toolNames.purchaseByEmail ? ' 📦 Ordered.' : ' 📋 The list went to you.'),
  failed: (decided) => approved(decided, ' ⚠️ It was not carried out.'),
  unknown: (decided) =>
    approved(
      decided,
      ' ❔ Nobody knows whether it arrived. It is not sent again: ask the shop, then say which it was.',
    ),
  rejected: (decided) =>
    `❌ Rejected ${decision(decided)}.${decided.feedback === null ? '' : ` “${quoted(decided.feedback)}”`}`,
  expired: () => '⌛ Expired: nobody answered in time, and that means no.',
  cancelled: ({ feedback }) => `🚫 Withdrawn${feedback === null ? '.' : `: ${quoted(feedback)}`}`,
};

/** A card with what became of its question as its last line. Deterministic. */
export function renderDecided(card: string, decided: Decided): string {
  return decided.status === 'pending' ? card : `${card}\n\n${outcomes[decided.status](decided)}`;
}
