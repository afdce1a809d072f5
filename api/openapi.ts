import type { z } from '@hono/zod-openapi';
import { largestBody } from '../contracts/api.ts';
import { type ProblemSlug, problemSchema, problems, problemType } from '../contracts/problems.ts';

/** Every route may answer these. */
const always: ProblemSlug[] = ['foreign-host', 'foreign-origin', 'internal'];
/** Every route that needs a key may answer these. */
const keyed: ProblemSlug[] = [
  'unauthenticated',
  'key-expired',
  'missing-scope',
  'rate-limited',
  'database-unavailable',
];
/** Every route with a body may answer these. */
const bodied: ProblemSlug[] = [
  'malformed-json',
  'validation',
  'unknown-field',
  'body-too-large',
  'unsupported-media-type',
  'idempotency-conflict',
  'idempotency-in-progress',
];

/** A documented JSON answer with its example. */
export function answer<Schema extends z.ZodType>(schema: Schema, description: string, example: z.input<Schema>) {
  return { description, content: { 'application/json': { schema, example } } };
}

/** A documented JSON body. */
export function body<Schema extends z.ZodType>(schema: Schema, example: z.input<Schema>) {
  return {
    required: true,
    description: `At most ${largestBody} bytes.`,
    content: { 'application/json': { schema, example } },
  };
}

/**
 * The problems that a route may answer, by status. Typed as an empty object: they are thrown, so the handlers' answers
 * are checked against the others alone.
 */
export function refusals(options: { keyed?: boolean; bodied?: boolean; own?: readonly ProblemSlug[] }): object {
  const slugs = [...always, ...(options.keyed ? keyed : []), ...(options.bodied ? bodied : []), ...(options.own ?? [])];
  const byStatus = new Map<number, ProblemSlug[]>();
  for (const slug of new Set(slugs)) {
    const { status } = problems[slug];
    byStatus.set(status, [...(byStatus.get(status) ?? []), slug]);
  }
  return Object.fromEntries(
    [...byStatus].map(([status, of]) => [status, { ...refusal(of), ...(status === 429 && { headers: limitHeaders }) }]),
  );
}

/** Of every answer to a known key. */
const limitHeaders = {
  'X-RateLimit-Limit': { description: 'Requests of this kind in a minute.', schema: { type: 'integer' } },
  'X-RateLimit-Remaining': { description: 'What is left of them.', schema: { type: 'integer' } },
  'X-RateLimit-Reset': { description: 'When counting begins anew, in Unix seconds.', schema: { type: 'integer' } },
  'Retry-After': { description: 'Seconds until then.', schema: { type: 'integer' } },
} as const;

function exampleProblem(slug: ProblemSlug) {
  const { status, title } = problems[slug];
  return { type: problemType(slug), title, status, detail: title, request_id: '4e3a1c' };
}

function refusal(slugs: readonly ProblemSlug[]) {
  const examples = slugs.map((slug) => [slug, { value: exampleProblem(slug) }]);
  return {
    description: slugs.map((slug) => `\`${slug}\`: ${problems[slug].title}`).join('\n\n'),
    content: { 'application/problem+json': { schema: problemSchema, examples: Object.fromEntries(examples) } },
  };
}

/** What every path answers to a method that it does not have; no operation can say so of itself. */
export const methodNotAllowed = {
  description: problems['method-not-allowed'].title,
  headers: { Allow: { description: 'The methods that it has.', schema: { type: 'string' as const } } },
  content: {
    'application/problem+json': {
      schema: { $ref: '#/components/schemas/Problem' },
      example: exampleProblem('method-not-allowed'),
    },
  },
};

/** Every route of `/api/v1` outside health takes the key in one of two ways. */
export const security: Record<string, string[]>[] = [{ key: [] }, { bearer: [] }];

/** The header that makes a POST safe to repeat; read by the idempotency middleware. */
export const idempotencyHeader = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'The same key with the same body gets the same answer; with another body 422.',
  schema: { type: 'string', minLength: 1, maxLength: 200 },
} as const;
