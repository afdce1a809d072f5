import { z } from 'zod';
import { approvalStatuses, decideRequestSchema, riskTiers } from './approvals.ts';
import { deliveryStatuses } from './deliveries.ts';

/** What the REST API takes and gives, under `/api/v1`. Times are ISO 8601 in UTC, money is decimal text, ids are UUIDs. */

/** Bytes that a request's body may have; the longest message is far below it. */
export const largestBody = 256 * 1024;
/** UTF-16 units that a message may have. */
export const longestMessage = 16_384;
/** Milliseconds after which a request that never stored its answer may be taken over: above the slowest handler. */
export const idempotencyLease = 30_000;
/** Seconds that a client is asked to wait where nobody knows better. */
export const retryAfterSeconds = 5;

/** Keys of the house: `mj_` and 32 random bytes in base64url. */
export const apiKeyShape = /^mj_[A-Za-z0-9_-]{43}$/;

/** What a new key may do unless it is told: all reading, and the writing that concerns its owner alone. */
export const ordinaryScopes = [
  'messages:write',
  'messages:read',
  'pipelines:read',
  'pipelines:write',
  'approvals:read',
] as const;
/**
 * What a key may do only when it is named: `approvals:decide` also shows a gate's code, `ui:open` every history.
 */
export const elevatedScopes = ['approvals:decide', 'keys:manage', 'ui:open'] as const;
/** What a key may do; a scope comes with its first route. */
export const scopes = [...ordinaryScopes, ...elevatedScopes] as const;
export type Scope = (typeof scopes)[number];

const unstorable = /[\0\p{Surrogate}]/u;

/** Text that Postgres can hold: without NUL and without half characters. */
const plainText = (most: number) =>
  z
    .string()
    .max(most)
    .refine((text) => !unstorable.test(text), 'holds characters that are no text (NUL or half a surrogate pair).');

export const label = (most: number) => plainText(most).min(1);
export const moment = z.iso.datetime();
/** Most entries that one answer has. */
export const page = z.coerce.number().int().min(1).max(200).default(50);

/** Where the next page begins. */
export const cursor = z
  .string()
  .regex(/^[\w-]{1,200}$/)
  .optional()
  .meta({ description: 'The `next` of the page before.' });

export const idParams = z.strictObject({ id: z.uuid() });
export const chainParams = z.strictObject({ chain: z.string().min(1).max(40) });

/* messages */

export const postMessageSchema = z
  .strictObject({
    text: z
      .string()
      .refine((text) => text.trim() !== '', { error: 'must not be empty.', params: { problem: 'message-empty' } })
      .refine((text) => text.length <= longestMessage, {
        error: `has more than ${longestMessage} characters.`,
        params: { problem: 'message-too-long' },
      })
      .refine((text) => !unstorable.test(text), 'holds characters that are no text (NUL or half a surrogate pair).')
      .meta({ minLength: 1, maxLength: longestMessage }),
    source_id: label(200).meta({
      description: "The sender's own id of this message; the same id is the same message.",
    }),
    conversation: label(200)
      .default('default')
      .meta({ description: "The sender's own name of the chat; messages of one chat are taken in order." }),
  })
  .meta({ id: 'PostMessage' });

export const messageReceiptSchema = z
  .strictObject({
    message_id: z.uuid(),
    conversation_id: z.uuid(),
    status: z.enum(['accepted', 'recorded']).meta({
      description:
        '`accepted`: it is being thought about. `recorded`: it is safe, and taken up when the engine is back.',
    }),
    duplicate: z.boolean(),
  })
  .meta({ id: 'MessageReceipt' });
export type MessageReceipt = z.infer<typeof messageReceiptSchema>;

export const messageSchema = z
  .strictObject({
    id: z.uuid(),
    seq: z.int(),
    conversation_id: z.uuid(),
    direction: z.enum(['inbound', 'outbound']),
    kind: z.enum(['text', 'answer', 'card', 'list', 'notice']),
    status: z.enum(['received', 'answered', 'failed', 'sent']),
    text: z.string(),
    persona: z.string().nullable(),
    in_reply_to: z.uuid().nullable(),
    approval_id: z.uuid().nullable(),
    source_id: z.string(),
    created_at: moment,
    delivery: z
      .strictObject({ status: z.enum(deliveryStatuses), at: moment })
      .nullable()
      .meta({
        description:
          'How far it has come on its way to Telegram, and when that changed last; `unknown`: it may have arrived. Null where it does not go there.',
      }),
  })
  .meta({ id: 'Message' });
export type ApiMessage = z.infer<typeof messageSchema>;

export const messagesQuery = z.strictObject({
  conversation: z.uuid().optional().meta({ description: 'A conversation_id; all conversations without it.' }),
  after: z.coerce
    .number()
    .int()
    .min(0)
    .max(Number.MAX_SAFE_INTEGER)
    .default(0)
    .meta({ description: 'The seq of the last one seen.' }),
  order: z
    .enum(['asc', 'desc'])
    .default('asc')
    .meta({ description: '`asc`: oldest first, for following; `desc`: from the newest back.' }),
  limit: page,
});

export const messagesSchema = z
  .strictObject({
    messages: z.array(messageSchema),
    next: z.int().meta({ description: 'Pass it as `after`; an empty page is the end.' }),
  })
  .meta({ id: 'Messages' });

/* pipelines */

const stageState = z.enum(['open', 'claimed', 'done']);
const itemStatus = z.enum(['open', 'done', 'cancelled', 'merged', 'waived']);

export const chainSchema = z
  .strictObject({
    name: z.string(),
    butler: z.string(),
    persona: z.strictObject({ name: z.string(), emoji: z.string() }),
    stages: z.array(
      z.strictObject({
        name: z.string(),
        actor: z.enum(['owner', 'butler', 'job', 'gate']),
        deadline_seconds: z.number().nullable(),
        evidence: z.enum(['query', 'file', 'http', 'mailbox', 'owner']),
        invariant: z.string(),
      }),
    ),
  })
  .meta({ id: 'Chain' });
export const chainsSchema = z.strictObject({ chains: z.array(chainSchema) }).meta({ id: 'Chains' });

export const itemSchema = z
  .strictObject({
    id: z.uuid(),
    chain: z.string(),
    title: z.string(),
    status: itemStatus,
    stage: z.string(),
    stage_state: stageState,
    since: moment,
    age_seconds: z.int(),
    deadline: moment.nullable(),
    overdue: z.boolean(),
    broken: z.boolean().meta({ description: 'A break of this stage has been recorded.' }),
    next_action: z.string().nullable(),
    reason: z.string().nullable().meta({ description: 'Why it is where it is.' }),
    merged_into: z.uuid().nullable(),
    quantity: z.string().nullable().meta({ description: 'Of the whole item, with what was merged into it: "2.5 kg".' }),
  })
  .meta({ id: 'Item' });
export type ApiItem = z.infer<typeof itemSchema>;

export const boardSchema = z
  .strictObject({
    chain: z.string(),
    as_of: moment,
    stages: z.array(
      z.strictObject({
        name: z.string(),
        counts: z.strictObject({ open: z.int(), claimed: z.int(), done: z.int() }),
        oldest_seconds: z.int().nullable().meta({ description: 'Age of the oldest item that is not done here.' }),
        breaks: z.int(),
        items: z.array(itemSchema),
        more: z.boolean().meta({ description: 'There are more items here than are shown.' }),
      }),
    ),
    sums: z.strictObject({
      items_in: z.int(),
      by_stage: z.int(),
      waived: z.int(),
      merged: z.int(),
      cancelled: z.int(),
      conserved: z.boolean().meta({ description: 'items_in = by_stage + waived + merged + cancelled.' }),
    }),
  })
  .meta({ id: 'Board' });
export type Board = z.infer<typeof boardSchema>;

export const purchaseSchema = z
  .strictObject({
    id: z.uuid(),
    status: z.string(),
    channel: z.enum(['owner', 'email']),
    shop: z.string(),
    round: z.int(),
    currency: z.string(),
    estimate: z.string(),
    actual: z.string().nullable(),
    approval_id: z.uuid().nullable(),
    intent_id: z.uuid().nullable(),
    confirmed_by: z.string().nullable(),
    confirmed_at: moment.nullable(),
  })
  .meta({ id: 'Purchase' });
export type ApiPurchase = z.infer<typeof purchaseSchema>;

export const itemDetailSchema = z
  .strictObject({
    item: itemSchema,
    invariant: z.string().nullable().meta({ description: 'What must be true for its stage to count as done.' }),
    message: z
      .strictObject({
        id: z.uuid(),
        words: z.string().nullable().meta({ description: 'The exact words that asked for it.' }),
      })
      .nullable(),
    parts: z
      .array(z.strictObject({ id: z.uuid(), title: z.string(), quantity: z.string().nullable() }))
      .meta({ description: 'What it is the sum of: itself first, then what was merged into it.' }),
    purchase: purchaseSchema.nullable(),
    workflow: z.strictObject({
      id: z.string(),
      web_ui_url: z.url().nullable(),
      history: z.enum(['running', 'closed', 'gone', 'unknown']).meta({
        description: '`gone`: Temporal keeps no history any more; the timeline still does.',
      }),
    }),
  })
  .meta({ id: 'ItemDetail' });
export type ItemDetail = z.infer<typeof itemDetailSchema>;

export const timelineEntrySchema = z
  .strictObject({
    at: moment,
    kind: z.enum(['message', 'stage', 'invariant', 'approval', 'intent', 'attempt', 'receipt', 'purchase', 'house']),
    event: z.string(),
    stage: z.string().nullable(),
    /** The row that says so. */
    id: z.uuid(),
    detail: z.string().nullable(),
    evidence: z.strictObject({ kind: z.string(), value: z.unknown() }).nullable(),
  })
  .meta({ id: 'TimelineEntry' });
export type TimelineEntry = z.infer<typeof timelineEntrySchema>;
export const timelineSchema = z
  .strictObject({ item_id: z.uuid(), entries: z.array(timelineEntrySchema) })
  .meta({ id: 'Timeline' });

export const messageDetailSchema = z
  .strictObject({ message: messageSchema, answers: z.array(messageSchema), items: z.array(itemSchema) })
  .meta({ id: 'MessageDetail' });

export const evidenceRequestSchema = z
  .discriminatedUnion('verdict', [
    z.strictObject({
      stage: z.literal('bought'),
      verdict: z.literal('bought'),
      amount: z
        .string()
        .regex(/^\d{1,9}(\.\d{1,6})?$/, 'is a decimal with a point, such as "12.40".')
        .meta({ description: 'What was paid in all, such as "12.40".' }),
      currency: z
        .string()
        .regex(/^[A-Z]{3}$/, 'is an ISO 4217 code such as "EUR".')
        .optional(),
    }),
    z.strictObject({ stage: z.literal('bought'), verdict: z.literal('not_bought') }),
  ])
  .meta({ id: 'Evidence' });
export type EvidenceRequest = z.infer<typeof evidenceRequestSchema>;

export const evidenceReceiptSchema = z
  .strictObject({
    purchase_id: z.uuid(),
    verdict: z.enum(['bought', 'not_bought']),
    status: z.literal('recorded').meta({ description: 'It stands in Postgres; the purchase settles by it.' }),
  })
  .meta({ id: 'EvidenceReceipt' });

/* approvals */

export const approvalsQuery = z.strictObject({
  status: z.enum(approvalStatuses).optional(),
  after: cursor,
  limit: page,
});

export const approvalSchema = z
  .strictObject({
    id: z.uuid(),
    status: z.enum(approvalStatuses),
    butler: z.string(),
    tool: z.string(),
    account: z.string(),
    args: z.record(z.string(), z.unknown()),
    risk_tier: z.enum(riskTiers),
    action: z.string().meta({ description: 'The first twelve digits of the action hash, as on the card.' }),
    card: z.string(),
    created_at: moment,
    expires_at: moment,
    decided_at: moment.nullable(),
    decided_by: z.string().nullable(),
    decided_via: z.string().nullable(),
    feedback: z.string().nullable(),
  })
  .meta({ id: 'Approval' });
export type ApiApproval = z.infer<typeof approvalSchema>;

export const approvalsSchema = z
  .strictObject({ approvals: z.array(approvalSchema), next: z.string().nullable() })
  .meta({ id: 'Approvals' });

export const approvalDetailSchema = z
  .strictObject({
    approval: approvalSchema,
    code: z
      .string()
      .nullable()
      .meta({ description: 'The single-use code, while the gate is open and only for keys that may decide.' }),
    workflow: z.strictObject({ id: z.string(), web_ui_url: z.url().nullable() }),
    events: z.array(
      z.strictObject({
        at: moment,
        event: z.string(),
        verdict: z.enum(['approve', 'reject']).nullable(),
        approver: z.string().nullable(),
        via: z.string().nullable(),
        feedback: z.string().nullable(),
      }),
    ),
  })
  .meta({ id: 'ApprovalDetail' });

export const decideBodySchema = decideRequestSchema
  .extend({ feedback: plainText(2_000).optional() })
  .meta({ id: 'Decide' });

export const decisionSchema = z
  .strictObject({
    approval_id: z.uuid(),
    decision_id: z.uuid(),
    status: z.enum(approvalStatuses),
    decided_by: z.string().nullable(),
    decided_via: z.string().nullable(),
    decided_at: moment.nullable(),
  })
  .meta({ id: 'DecisionResult' });

export const decisionRecordedSchema = z
  .strictObject({ approval_id: z.uuid(), decision_id: z.uuid(), status: z.literal('recorded') })
  .meta({
    id: 'DecisionRecorded',
    description: 'It is written down and will be processed; a timeout is not a failure.',
  });

/* health */

const healthState = z.enum(['healthy', 'degraded', 'unhealthy']);
export const healthSchema = z
  .strictObject({
    status: healthState,
    checked_at: moment,
    services: z.record(
      z.string(),
      z.strictObject({ status: healthState, latency_ms: z.number(), detail: z.string().nullable() }),
    ),
    degraded_features: z.array(z.string()),
  })
  .meta({ id: 'Health' });
export type Health = z.infer<typeof healthSchema>;
export type ServiceHealth = Health['services'][string];

export const liveSchema = z.strictObject({ status: z.literal('alive') }).meta({ id: 'Live' });
