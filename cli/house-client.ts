import { z } from 'zod';
import {
  approvalDetailSchema,
  approvalsSchema,
  boardSchema,
  chainsSchema,
  decisionRecordedSchema,
  decisionSchema,
  evidenceReceiptSchema,
  type EvidenceRequest,
  itemDetailSchema,
  messageDetailSchema,
  messageReceiptSchema,
  messagesSchema,
  timelineSchema,
} from '../contracts/api.ts';
import type { Verdict } from '../contracts/approvals.ts';
import { type View, webUiLinkSchema } from '../contracts/web-ui.ts';
import { type ProblemBody, problemSchema, type ProblemSlug, problemType } from '../contracts/problems.ts';

/** The house answered with a problem document. */
export class HouseRefused extends Error {
  override readonly name = 'HouseRefused';

  constructor(readonly problem: ProblemBody) {
    super(`${problem.title} ${problem.detail}`);
  }

  is(...slugs: ProblemSlug[]): boolean {
    return slugs.some((slug) => problemType(slug) === this.problem.type);
  }
}

/** Whether the same request may succeed a little later: the house, or a part of it, is away or still at work on it. */
export function isPassing(error: unknown): error is HouseRefused | HouseUnreachable {
  if (error instanceof HouseUnreachable) return true;
  return error instanceof HouseRefused && error.is('database-unavailable', 'idempotency-in-progress');
}

/** Nobody answered in time, or what answered is not the house; whether the request arrived is not known. */
export class HouseUnreachable extends Error {
  override readonly name = 'HouseUnreachable';
}

export interface HouseClientOptions {
  /** The API's address without a slash at its end. */
  address: string;
  key: string;
  /** Ends every request. */
  signal: AbortSignal;
}

/** What one decision says; the same `decision_id` in every try of one press. */
export interface DecisionBody {
  verdict: Verdict;
  decision_id: string;
  feedback?: string;
}

/** Milliseconds for one request: above the 5 s that the house itself waits for a decision. */
const requestMs = 15_000;
/** Most entries of a page; the API's own limit. */
export const pageLimit = 200;

const decidedSchema = z.union([decisionSchema, decisionRecordedSchema]);

/** The house as its REST API shows it. Every call throws HouseRefused, HouseUnreachable, or the signal's reason. */
export function createHouseClient({ address, key, signal }: HouseClientOptions) {
  async function call<Shape extends z.ZodType>(
    shape: Shape,
    path: string,
    post?: { body: unknown; idempotencyKey?: string },
  ): Promise<z.infer<Shape>> {
    const { status, body } = await exchange(path, post);
    if (status >= 400) throw new HouseRefused(read(problemSchema, body));
    return read(shape, body);
  }

  function read<Shape extends z.ZodType>(shape: Shape, body: unknown): z.infer<Shape> {
    const { data, error } = shape.safeParse(body);
    if (error)
      throw new HouseUnreachable(`What answers at ${address} does not speak as this house does.`, { cause: error });
    return data;
  }

  async function exchange(path: string, post?: { body: unknown; idempotencyKey?: string }) {
    try {
      const response = await fetch(`${address}/api/v1${path}`, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(requestMs)]),
        headers: {
          'x-api-key': key,
          ...(post && { 'content-type': 'application/json' }),
          ...(post?.idempotencyKey !== undefined && { 'idempotency-key': post.idempotencyKey }),
        },
        ...(post && { method: 'POST', body: JSON.stringify(post.body) }),
      });
      const body: unknown = await response.json();
      return { status: response.status, body };
    } catch (cause) {
      signal.throwIfAborted();
      throw new HouseUnreachable(`The house does not answer at ${address}.`, { cause });
    }
  }

  return {
    /** Tells the house something; the same `source_id` is the same message. */
    send: (message: { text: string; source_id: string; conversation: string }) =>
      call(messageReceiptSchema, '/messages', { body: message }),
    /** What was said after a seq, oldest first, at most `pageLimit`. */
    messages: (after: number) => call(messagesSchema, `/messages?after=${after}&limit=${pageLimit}`),
    message: (id: string) => call(messageDetailSchema, `/messages/${id}`),
    /** The approvals that wait for a decision, newest first, at most `pageLimit`. */
    pendingApprovals: async () =>
      (await call(approvalsSchema, `/approvals?status=pending&limit=${pageLimit}`)).approvals,
    approval: (id: string) => call(approvalDetailSchema, `/approvals/${id}`),
    /** Status `recorded` means: written down, and processed as soon as somebody can. */
    decide: (id: string, decision: DecisionBody) => call(decidedSchema, `/approvals/${id}/decide`, { body: decision }),
    chains: async () => (await call(chainsSchema, '/pipelines')).chains,
    board: (chain: string) => call(boardSchema, `/pipelines/${encodeURIComponent(chain)}/board`),
    item: (id: string) => call(itemDetailSchema, `/pipelines/items/${id}`),
    timeline: async (id: string) => (await call(timelineSchema, `/pipelines/items/${id}/timeline`)).entries,
    /** A link that logs a browser in to Temporal's Web UI, once. */
    webUiLink: (view: View) => call(webUiLinkSchema, '/ui/links', { body: { view } }),
    /** The owner's word on the purchase that an item is in. */
    confirm: (itemId: string, word: EvidenceRequest, idempotencyKey: string) =>
      call(evidenceReceiptSchema, `/pipelines/items/${itemId}/evidence`, { body: word, idempotencyKey }),
  };
}

export type HouseClient = ReturnType<typeof createHouseClient>;
