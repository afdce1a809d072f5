import type { Board, Health } from '../../contracts/api.ts';
import { telegramCommands } from '../../contracts/telegram-updates.ts';
import type { Decided } from '../decide.ts';
import type { Problem } from '../problem.ts';

/** What the Telegram door says; short, and without the numbers of chats. */

export const helpText = [
  'Write what is needed, such as: milk, eggs and 2 kg flour.',
  ...telegramCommands.map(({ command, description }) => `/${command} — ${description}`),
].join('\n');

/** Who it was, as one may say it in a chat. */
function who(account: string | null): string {
  const [kind = '', id = ''] = (account ?? '').split(':');
  if (kind === 'telegram') return 'you, in Telegram,';
  if (kind === 'key') return `key ${id.slice(0, 8)}`;
  return kind === 'code' ? 'its code' : 'the house';
}

const minute = (moment: string | Date): string =>
  `${new Date(moment).toISOString().slice(0, 16).replace('T', ' ')} UTC`;

/** After a press that was first, or was written down. */
export function decidedWords(decided: Decided): string {
  if (decided === null) return 'Recorded. It is carried out as soon as the house can.';
  return decided.status === 'rejected' ? '❌ Rejected.' : '✅ Approved.';
}

/** After a press that came too late or decides nothing. */
export function alreadyWords({ slug, facts, message }: Problem): string {
  const { outcome } = facts;
  if (slug === 'expired' || outcome === undefined) return message;
  const { status, by, at } = outcome;
  const verb = status === 'rejected' || status === 'cancelled' ? status : 'approved';
  return `Already ${verb} by ${who(by)}${at === null ? '' : ` at ${minute(at)}`}.`;
}

const signs = { healthy: '✅', degraded: '⚠️', unhealthy: '❌' } as const;

export function healthWords({ status, services, degraded_features }: Health): string {
  const parts = Object.entries(services).map(([name, service]) =>
    [`${signs[service.status]} ${name}`, ...(service.detail === null ? [] : [service.detail])].join(': '),
  );
  const missing = degraded_features.length === 0 ? [] : [`Not now, or later: ${degraded_features.join(', ')}.`];
  return [`The house is ${status}.`, ...parts, ...missing].join('\n');
}

export function boardWords({ chain, stages }: Board): string {
  const lines = stages.map(({ name, counts, items, more }) => {
    const late = items.filter(({ overdue }) => overdue);
    const count = counts.open + counts.claimed;
    const overdue =
      late.length === 0
        ? ''
        : `, ${late.length}${more ? ' or more' : ''} overdue: ${late.map(({ title }) => title).join(', ')}`;
    return `${name}: ${count} open, ${counts.done} done${overdue}`;
  });
  return [chain, ...lines].join('\n');
}
