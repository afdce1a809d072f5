import canonicalize from 'canonicalize';
import type { Context } from 'hono';
import type { z } from 'zod';
import { randomUUID } from 'node:crypto';
import { sha256 } from '../../contracts/action.ts';
import { idempotencyLease } from '../../contracts/api.ts';
import { problemSchema, problems } from '../../contracts/problems.ts';
import type { ApiEnv } from '../env.ts';
import type { ApiDeps } from '../ports.ts';
import { Problem, problemBody, problemFrom } from '../problem.ts';

const keyShape = /^[\x21-\x7e]{1,200}$/;

/** What a handler came to: a status and a JSON body. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
}

/** A request that may come again: its parsed body, and the form of the answer that is stored for it. */
export interface Repeatable<Result extends Answer> {
  readonly body: unknown;
  readonly answer: z.ZodType<Result>;
  /** What repeats get instead, where the answer holds what is told once. */
  readonly kept?: (answer: Result) => Result;
}

type OnceDeps = Pick<ApiDeps, 'idempotency' | 'log' | 'isDatabaseOutage'>;

/**
 * Runs a handler at most once per `idempotency-key` and gives repeats its stored answer. The handler gets an id that is
 * the same in every try under one key. Answers of the 500s and outages are not stored: the next try runs. A caller that
 * died holds its key for the lease alone.
 */
export async function once<Result extends Answer>(
  context: Context<ApiEnv>,
  deps: OnceDeps,
  { body, answer, kept = (given) => given }: Repeatable<Result>,
  handler: (operationId: string) => Promise<Result>,
): Promise<Result> {
  const key = context.req.header('idempotency-key');
  if (key === undefined) return handler(randomUUID());
  if (!keyShape.test(key)) throw unusableKey();
  const requestHash = sha256(`${context.req.method} ${context.req.path}\n${canonicalize(body)}`);
  const { ownerId } = context.get('caller');
  const claim = await deps.idempotency.begin({ ownerId, key, requestHash, leaseMs: idempotencyLease });
  if (claim.kind === 'run') return run(context, deps, { id: claim.id, handler, kept });
  if (claim.kind === 'conflict') {
    throw new Problem('idempotency-conflict', 'This idempotency-key came before with another request.');
  }
  if (claim.kind === 'busy') throw new Problem('idempotency-in-progress', 'Try again in a moment.', { retry_after: 1 });
  context.header('idempotency-replayed', 'true');
  if (claim.status >= 400) throw problemFrom(problemSchema.parse(claim.body));
  return answer.parse({ status: claim.status, body: claim.body });
}

function unusableKey(): Problem {
  const error = {
    in: 'header' as const,
    pointer: '/idempotency-key',
    detail: 'has 1 to 200 visible ASCII characters.',
  };
  return new Problem('validation', 'The idempotency-key cannot be used.', { errors: [error] });
}

async function run<Result extends Answer>(
  context: Context<ApiEnv>,
  { idempotency, log, isDatabaseOutage }: OnceDeps,
  { id, handler, kept }: { id: string; handler: (id: string) => Promise<Result>; kept: (answer: Result) => Result },
): Promise<Result> {
  const requestId = context.get('requestId');
  const remember = (work: Promise<void>) =>
    work.catch((error: unknown) => log.warn({ error, requestId }, 'An idempotency key could not be closed'));
  try {
    const answer = await handler(id);
    await remember(idempotency.complete(id, kept(answer)));
    return answer;
  } catch (error) {
    const final = error instanceof Problem && problems[error.slug].status < 500;
    const remembered = remember(
      final
        ? idempotency.complete(id, { status: problems[error.slug].status, body: problemBody(error, requestId) })
        : idempotency.release(id),
    );
    // A database that is away would not answer this either, and the caller has waited for it once.
    if (!isDatabaseOutage(error)) await remembered;
    throw error;
  }
}
