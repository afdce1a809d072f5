import type { Context } from 'hono';
import { workflowPath } from '../contracts/web-ui.ts';
import type { ApiDeps } from './ports.ts';

/** Address of a workflow in the Web UI, by the name by which we were called; null when there is none. */
export function webUiUrl({ webUi }: Pick<ApiDeps, 'webUi'>, context: Context, workflowId: string): string | null {
  return webUi === null ? null : new URL(workflowPath(webUi.namespace, workflowId), context.req.url).href;
}
