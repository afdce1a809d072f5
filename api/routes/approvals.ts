import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import {
  type ApiApproval,
  approvalDetailSchema,
  approvalsQuery,
  approvalsSchema,
  decideBodySchema,
  decisionRecordedSchema,
  decisionSchema,
  idParams,
} from '../../contracts/api.ts';
import { renderCard, visible } from '../../contracts/card.ts';
import { workflowIds } from '../../contracts/names.ts';
import { purchaseArgsSchema } from '../../contracts/purchase-args.ts';
import { decideGate } from '../decide.ts';
import type { ApiEnv } from '../env.ts';
import { requireScope } from '../middleware/auth.ts';
import { once } from '../middleware/idempotency.ts';
import { answer, body, idempotencyHeader, refusals, security } from '../openapi.ts';
import type { ApiDeps, ApprovalRecord } from '../ports.ts';
import { webUiUrl } from '../web-ui-url.ts';
import { Problem } from '../problem.ts';
import { nextOf, readCursor } from '../cursor.ts';
import { exampleApproval, exampleDecision } from './approvals-examples.ts';

const tags = ['approvals'];
const reads = { tags, security, middleware: requireScope('approvals:read') };

const list = createRoute({
  method: 'get',
  path: '/approvals',
  summary: 'What the house asks, newest first',
  ...reads,
  request: { query: approvalsQuery },
  responses: {
    200: answer(approvalsSchema, 'A page; read on with `after`.', { approvals: [exampleApproval], next: null }),
    ...refusals({ keyed: true, own: ['validation', 'unknown-field'] }),
  },
});

const get = createRoute({
  method: 'get',
  path: '/approvals/{id}',
  summary: 'A gate: its card, its state, its record',
  ...reads,
  request: { params: idParams },
  responses: {
    200: answer(approvalDetailSchema, 'The approval.', {
      approval: exampleApproval,
      code: null,
      workflow: { id: exampleApproval.id, web_ui_url: null },
      events: [
        {
          at: exampleApproval.created_at,
          event: 'requested',
          verdict: null,
          approver: null,
          via: null,
          feedback: null,
        },
      ],
    }),
    ...refusals({ keyed: true, own: ['validation', 'not-found'] }),
  },
});

const decide = createRoute({
  method: 'post',
  path: '/approvals/{id}/decide',
  tags,
  summary: 'Say yes or no',
  description: 'The first decision wins. A repeat with the same `decision_id` is the same decision.',
  security,
  middleware: requireScope('approvals:decide'),
  parameters: [idempotencyHeader],
  request: { params: idParams, body: body(decideBodySchema, { verdict: 'approve' }) },
  responses: {
    200: answer(decisionSchema, 'It is decided.', exampleDecision),
    202: answer(decisionRecordedSchema, 'It is recorded and will be processed.', {
      approval_id: exampleDecision.approval_id,
      decision_id: exampleDecision.decision_id,
      status: 'recorded',
    }),
    ...refusals({
      keyed: true,
      bodied: true,
      own: ['not-found', 'already-decided', 'expired'],
    }),
  },
});

/** The routes as they are documented: the client checks what answers by them. */
export const approvalContracts = [list, get, decide];

const decideAnswer = z.union([
  z.object({ status: z.literal(200), body: decisionSchema }),
  z.object({ status: z.literal(202), body: decisionRecordedSchema }),
]);

/** The gates: what is asked, and the answer. */
export function approvalRoutes(deps: ApiDeps) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(list, async (context) => {
      const { status, after, limit } = context.req.valid('query');
      const filter = {
        limit,
        ...(status !== undefined && { status }),
        ...(after !== undefined && { before: readCursor(after) }),
      };
      const found = await deps.approvals.list(context.get('caller').ownerId, filter);
      return context.json({ approvals: found.map(toApiApproval), next: nextOf(found, limit) }, 200);
    })
    .openapi(get, async (context) => {
      const caller = context.get('caller');
      const approval = await deps.approvals.get(context.req.valid('param').id, caller.ownerId);
      if (approval === null) throw new Problem('not-found', 'There is no such approval.');
      const shown = approval.status === 'pending' && caller.scopes.includes('approvals:decide');
      const code = shown ? deps.codeOf(approval.id, approval.codeKeyId) : null;
      const events = (await deps.approvals.events(approval.id)).map(toApiEvent);
      const workflowId = workflowIds.approval(approval.id);
      const workflow = { id: workflowId, web_ui_url: webUiUrl(deps, context, workflowId) };
      return context.json({ approval: toApiApproval(approval), code, workflow, events }, 200);
    })
    .openapi(decide, async (context) => {
      const caller = context.get('caller');
      const { verdict, feedback = null, decision_id } = context.req.valid('json');
      const approvalId = context.req.valid('param').id.toLowerCase();
      const request = { body: context.req.valid('json'), answer: decideAnswer };
      const result = await once(context, deps, request, async (operationId) => {
        const decisionId = decision_id?.toLowerCase() ?? operationId;
        const decided = await decideGate(
          deps,
          { ...caller, via: 'api' },
          { approvalId, decisionId, verdict, feedback },
        );
        const ids = { approval_id: approvalId, decision_id: decisionId };
        return decided === null
          ? { status: 202 as const, body: { ...ids, status: 'recorded' as const } }
          : { status: 200 as const, body: { ...ids, ...toApiDecision(decided) } };
      });
      return result.status === 202 ? context.json(result.body, 202) : context.json(result.body, 200);
    });
}

const iso = (date: Date | null): string | null => date?.toISOString() ?? null;

function toApiApproval(approval: ApprovalRecord): ApiApproval {
  const { action, actionHash } = approval;
  return {
    id: approval.id,
    butler: approval.butler,
    tool: action.tool,
    account: action.account,
    args: action.args,
    risk_tier: approval.riskTier,
    action: actionHash.slice(0, 12),
    card: cardOf(approval),
    created_at: approval.createdAt.toISOString(),
    expires_at: approval.expiresAt.toISOString(),
    ...toApiDecision(approval),
    feedback: approval.feedback,
  };
}

function toApiDecision(decided: Pick<ApprovalRecord, 'status' | 'decidedBy' | 'decidedVia' | 'decidedAt'>) {
  const { status, decidedBy, decidedVia, decidedAt } = decided;
  return { status, decided_by: decidedBy, decided_via: decidedVia, decided_at: iso(decidedAt) };
}

/** The card as it was shown; arguments of another form are shown whole, as they are stored. */
export function cardOf({ id, action, riskTier, actionHash, expiresAt }: ApprovalRecord): string {
  const { tool, account } = action;
  const purchase = purchaseArgsSchema.safeParse(action.args);
  if (purchase.success) {
    return renderCard({ approvalId: id, tool, account, riskTier, actionHash, expiresAt, args: purchase.data });
  }
  const facts = `Tool ${tool}, account ${visible(account)}, risk ${riskTier}, action ${actionHash.slice(0, 12)}`;
  return [visible(JSON.stringify(action.args)), facts, `No answer by ${expiresAt.toISOString()} means no.`].join('\n');
}

function toApiEvent({
  at,
  event,
  verdict,
  approver,
  via,
  feedback,
}: Awaited<ReturnType<ApiDeps['approvals']['events']>>[number]) {
  return { at: at.toISOString(), event, verdict, approver, via, feedback };
}
