import { z } from 'zod';

/**
 * Every way in which a door says no (RFC 9457). The type is `/problems/<slug>`, relative to the API itself, which
 * explains it under that address; types never change, titles may.
 */
export const problems = {
  'malformed-json': { status: 400, title: 'The body is not JSON.' },
  validation: { status: 400, title: 'The request is not of the documented form.' },
  'unknown-field': { status: 400, title: 'The request has a field that is not known here.' },
  'message-empty': { status: 400, title: 'The message is empty.' },
  'message-too-long': { status: 400, title: 'The message is too long.' },
  unauthenticated: { status: 401, title: 'A valid API key is needed.' },
  'key-expired': { status: 401, title: 'The API key has expired.' },
  'not-logged-in': { status: 401, title: 'A login is needed.' },
  'missing-scope': { status: 403, title: 'The API key lacks a scope.' },
  'foreign-host': { status: 403, title: 'The house does not serve this host name.' },
  'foreign-origin': { status: 403, title: 'Web pages of other origins are not served.' },
  'not-found': { status: 404, title: 'There is no such thing.' },
  'method-not-allowed': { status: 405, title: 'The route does not take this method.' },
  'already-decided': { status: 409, title: 'The approval has been decided.' },
  'key-ended': { status: 409, title: 'The API key has ended.' },
  'last-key': { status: 409, title: 'No other key could manage the keys.' },
  'already-confirmed': { status: 409, title: 'The purchase has been confirmed.' },
  'not-ordered': { status: 409, title: 'Nothing has been ordered yet.' },
  'idempotency-in-progress': { status: 409, title: 'The same request is still being answered.' },
  expired: { status: 410, title: 'The time to decide is over.' },
  'body-too-large': { status: 413, title: 'The body is too large.' },
  'unsupported-media-type': { status: 415, title: 'The body must be application/json.' },
  'idempotency-conflict': { status: 422, title: 'The same key or id came with other content.' },
  'rate-limited': { status: 429, title: 'The API key has made too many requests.' },
  'too-many-streams': { status: 429, title: 'The API key has too many event streams open.' },
  internal: { status: 500, title: 'Something went wrong inside the house.' },
  'model-unavailable': { status: 503, title: 'The model is not available at the moment.' },
  'web-ui-unavailable': { status: 503, title: "Temporal's Web UI is not available." },
  'database-unavailable': { status: 503, title: 'The database is not available at the moment.' },
} as const satisfies Record<string, { status: number; title: string }>;

export type ProblemSlug = keyof typeof problems;

/** The stable `type` of a problem. */
export const problemType = (slug: ProblemSlug): string => `/problems/${slug}`;

export const isProblemSlug = (text: string): text is ProblemSlug => Object.hasOwn(problems, text);

/** All slugs. */
export const problemSlugs: readonly ProblemSlug[] = Object.keys(problems).filter(isProblemSlug);

/** One thing that is wrong with a request. */
export const fieldErrorSchema = z
  .strictObject({
    in: z.enum(['body', 'query', 'path', 'header']),
    pointer: z.string().meta({ description: 'JSON pointer (RFC 6901) to the value; empty when the whole is meant.' }),
    detail: z.string(),
  })
  .meta({ id: 'FieldError' });
export type FieldError = z.infer<typeof fieldErrorSchema>;

export const problemSchema = z
  .strictObject({
    type: z.string().regex(/^\/problems\/[a-z-]+$/),
    title: z.string(),
    status: z.int().min(400).max(599),
    detail: z.string(),
    request_id: z.string(),
    errors: z.array(fieldErrorSchema).optional().meta({ description: 'Everything that is wrong, at once.' }),
    scope: z.string().optional().meta({ description: 'The scope that the key lacks.' }),
    retry_after: z.int().positive().optional().meta({ description: 'Seconds; also in the header `retry-after`.' }),
    outcome: z
      .strictObject({
        status: z.string(),
        by: z.string().nullable(),
        via: z.string().nullable(),
        at: z.iso.datetime().nullable(),
      })
      .optional()
      .meta({ description: 'What it came to before: who was first, how, when.' }),
  })
  .meta({ id: 'Problem', description: 'RFC 9457. `type` is stable; `detail` is for people.' });
export type ProblemBody = z.infer<typeof problemSchema>;

/** What a problem may say beyond its sentence. */
export type ProblemFacts = Pick<ProblemBody, 'errors' | 'scope' | 'retry_after' | 'outcome'>;
