import { z } from 'zod';
import { searchAttributes } from './names.ts';
import { dayStart } from './quiet-hours.ts';

/** Temporal's Web UI as the house serves it: where, for how long, and what an operator looks for in it. */

/** Path of the Web UI on the API's own origin; the UI server behind it must have the same public path. */
export const webUiPath = '/temporal';
/** Milliseconds in which a login link must be opened. */
export const linkLasts = 60_000;
/** Milliseconds that a login lasts. */
export const sessionLasts = 12 * 3_600_000;
/** Secrets of links and sessions: 32 random bytes in base64url. */
export const secretShape = /^[A-Za-z0-9_-]{43}$/;

/** What an operator asks the list of workflows. */
export const views = ['all', 'waiting', 'overdue', 'failed'] as const;
export type View = (typeof views)[number];

export const viewNames: Readonly<Record<View, string>> = {
  all: 'All',
  waiting: 'Waits for you',
  overdue: 'Overdue',
  failed: 'Failed today',
};

/** Columns of the list: the search attributes among those of the UI's own that say most. */
export const columns = ['Status', 'Type', ...Object.keys(searchAttributes), 'Workflow ID', 'Start', 'End'];

/** Temporal's list filter of a view at a moment; `timezone` (IANA) says when today began. */
export function viewQuery(view: View, at: { now: Date; timezone: string }): string {
  return queries[view](at);
}

const queries: Readonly<Record<View, (at: { now: Date; timezone: string }) => string>> = {
  all: () => '',
  waiting: () => "ApprovalState = 'pending' AND ExecutionStatus = 'Running'",
  overdue: ({ now }) => `Deadline < '${now.toISOString()}' AND ExecutionStatus = 'Running'`,
  failed: ({ now, timezone }) =>
    `(Stage = 'failed' OR ExecutionStatus IN ('Failed', 'TimedOut', 'Terminated')) AND CloseTime >= '${dayStart(now, timezone).toISOString()}'`,
};

/** Path of the list with a query. */
export function listPath(namespace: string, query: string): string {
  const list = `${webUiPath}/namespaces/${encodeURIComponent(namespace)}/workflows`;
  return query === '' ? list : `${list}?query=${encodeURIComponent(query)}`;
}

/** Path of one workflow. */
export function workflowPath(namespace: string, workflowId: string): string {
  return `${listPath(namespace, '')}/${encodeURIComponent(workflowId)}`;
}

export const webUiLinkRequestSchema = z
  .strictObject({
    view: z.enum(views).meta({ description: 'What the list shows after the login.' }),
  })
  .meta({ id: 'WebUiLinkRequest' });

export const webUiLinkSchema = z
  .strictObject({
    url: z.url().meta({ description: 'Opens once. The secret is behind the #, so that no server sees it.' }),
    expires_at: z.iso.datetime(),
  })
  .meta({ id: 'WebUiLink' });

/** What the login page sends, and what it gets: where to go, and the settings that the UI keeps in the browser. */
export const loginRequestSchema = z.strictObject({ secret: z.string().regex(secretShape) });
export interface LoggedIn {
  next: string;
  namespace: string;
  columns: readonly string[];
  views: ReadonlyArray<{ id: string; name: string; query: string }>;
}

/** Payloads as Temporal's JSON has them: bytes in base64. */
export const payloadsSchema = z
  .strictObject({
    payloads: z.array(
      z.object({ metadata: z.record(z.string().max(200), z.base64()).optional(), data: z.base64().optional() }),
    ),
  })
  .meta({ id: 'Payloads' });
