import { createRoute, OpenAPIHono, z } from '@hono/zod-openapi';
import {
  boardSchema,
  chainParams,
  chainsSchema,
  evidenceReceiptSchema,
  evidenceRequestSchema,
  idParams,
  itemDetailSchema,
  timelineSchema,
} from '../../contracts/api.ts';
import type { ChainDefinition } from '../../contracts/pipelines.ts';
import type { ApiEnv } from '../env.ts';
import { recordEvidence } from '../evidence.ts';
import { requireScope } from '../middleware/auth.ts';
import { once } from '../middleware/idempotency.ts';
import { answer, body, idempotencyHeader, refusals, security } from '../openapi.ts';
import type { ApiDeps } from '../ports.ts';
import { webUiUrl } from '../web-ui-url.ts';
import { Problem } from '../problem.ts';
import { exampleBoard, exampleDetail, exampleEntry } from './pipelines-examples.ts';

const tags = ['pipelines'];
const reads = { tags, security, middleware: requireScope('pipelines:read') };
const found = refusals({ keyed: true, own: ['validation', 'not-found'] });

const chains = createRoute({
  method: 'get',
  path: '/pipelines',
  summary: 'The chains that the house knows',
  ...reads,
  responses: {
    200: answer(chainsSchema, 'The chains, with what each stage takes to be done.', {
      chains: [
        {
          name: 'groceries',
          butler: 'household',
          persona: { name: 'Basil', emoji: '🧺' },
          stages: [
            { name: 'need', actor: 'owner', deadline_seconds: null, evidence: 'query', invariant: 'It was asked for.' },
          ],
        },
      ],
    }),
    ...refusals({ keyed: true }),
  },
});

const board = createRoute({
  method: 'get',
  path: '/pipelines/{chain}/board',
  summary: 'Where everything in a chain is',
  ...reads,
  request: { params: chainParams },
  responses: { 200: answer(boardSchema, 'Stage by stage, the most urgent items first.', exampleBoard), ...found },
});

const item = createRoute({
  method: 'get',
  path: '/pipelines/items/{id}',
  summary: 'Where an item is, and why',
  ...reads,
  request: { params: idParams },
  responses: { 200: answer(itemDetailSchema, 'The item.', exampleDetail), ...found },
});

const timeline = createRoute({
  method: 'get',
  path: '/pipelines/items/{id}/timeline',
  summary: 'What happened to an item, with the evidence',
  ...reads,
  request: { params: idParams },
  responses: {
    200: answer(timelineSchema, 'In the order of time; from Postgres alone.', {
      item_id: exampleDetail.item.id,
      entries: [exampleEntry],
    }),
    ...found,
  },
});

const evidence = createRoute({
  method: 'post',
  path: '/pipelines/items/{id}/evidence',
  tags,
  summary: "Give the owner's word that an item was bought, or was not",
  description: "It counts for the item's whole purchase. The first word wins.",
  security,
  middleware: requireScope('pipelines:write'),
  parameters: [idempotencyHeader],
  request: {
    params: idParams,
    body: body(evidenceRequestSchema, { stage: 'bought', verdict: 'bought', amount: '12.40', currency: 'EUR' }),
  },
  responses: {
    202: answer(evidenceReceiptSchema, 'It is written down; the purchase settles by it.', {
      purchase_id: '018f3a52-7a2e-7cc3-9b1a-2f6d4c1a9e30',
      verdict: 'bought',
      status: 'recorded',
    }),
    ...refusals({ keyed: true, bodied: true, own: ['not-found', 'not-ordered', 'already-confirmed'] }),
  },
});

/** The routes as they are documented: the client checks what answers by them. */
export const pipelineContracts = [chains, board, item, timeline, evidence];

const evidenceAnswer = z.object({ status: z.literal(202), body: evidenceReceiptSchema });

/** The board, the items, the owner's word on them. */
export function pipelineRoutes(deps: ApiDeps) {
  return new OpenAPIHono<ApiEnv>()
    .openapi(chains, (context) => context.json({ chains: deps.chains.map(toApiChain) }, 200))
    .openapi(board, async (context) => {
      const { chain: name } = context.req.valid('param');
      const chain = deps.chains.find((each) => each.name === name);
      if (chain === undefined) throw new Problem('not-found', 'There is no such chain; see /api/v1/pipelines.');
      return context.json(await deps.board.board(context.get('caller').ownerId, chain), 200);
    })
    .openapi(item, async (context) => {
      const { ownerId } = context.get('caller');
      const record = known(await deps.board.item(ownerId, context.req.valid('param').id));
      const { workflowId, ...rest } = record;
      const workflow = {
        id: workflowId,
        web_ui_url: webUiUrl(deps, context, workflowId),
        history: await deps.workflows.historyOf(workflowId),
      };
      return context.json({ ...rest, invariant: invariantOf(deps.chains, record.item), workflow }, 200);
    })
    .openapi(timeline, async (context) => {
      const { id } = context.req.valid('param');
      const entries = known(await deps.board.timeline(context.get('caller').ownerId, id));
      return context.json({ item_id: id.toLowerCase(), entries }, 200);
    })
    .openapi(evidence, async (context) => {
      const caller = context.get('caller');
      const word = context.req.valid('json');
      const { id } = context.req.valid('param');
      const receipt = await once(context, deps, { body: word, answer: evidenceAnswer }, async () => ({
        status: 202 as const,
        body: await recordEvidence(deps, caller, id, word),
      }));
      return context.json(receipt.body, receipt.status);
    });
}

function known<Thing>(thing: Thing | null): Thing {
  if (thing === null) throw new Problem('not-found', 'There is no such item.');
  return thing;
}

function toApiChain({ name, butler, persona, stages }: ChainDefinition) {
  return {
    name,
    butler,
    persona,
    stages: stages.map((stage) => ({
      name: stage.name,
      actor: stage.actor,
      deadline_seconds: stage.deadlineMs === null ? null : stage.deadlineMs / 1000,
      evidence: stage.evidence,
      invariant: stage.invariant,
    })),
  };
}

function invariantOf(
  chainList: readonly ChainDefinition[],
  { chain, stage }: { chain: string; stage: string },
): string | null {
  const definition = chainList.find((each) => each.name === chain);
  return definition?.stages.find((each) => each.name === stage)?.invariant ?? null;
}
