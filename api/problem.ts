import type { Context } from 'hono';
import type { z } from 'zod';
import {
  type FieldError,
  type ProblemBody,
  type ProblemFacts,
  type ProblemSlug,
  isProblemSlug,
  problemSlugs,
  problems,
  problemType,
} from '../contracts/problems.ts';
import type { ApiEnv } from './env.ts';

/** A request that is answered with a problem instead of what it asked for. */
export class Problem extends Error {
  override readonly name = 'Problem';

  constructor(
    readonly slug: ProblemSlug,
    detail: string,
    readonly facts: ProblemFacts = {},
  ) {
    super(detail);
  }
}

/** The body of a problem, as RFC 9457 has it. */
export function problemBody(problem: Problem, requestId: string): ProblemBody {
  const { status, title } = problems[problem.slug];
  return {
    type: problemType(problem.slug),
    title,
    status,
    detail: problem.message,
    request_id: requestId,
    ...problem.facts,
  };
}

/** The problem that a body tells of: what a repeat of a stored answer throws again. */
export function problemFrom(body: ProblemBody): Problem {
  const { type, title: _title, status: _status, detail, request_id: _requestId, ...facts } = body;
  const slug = problemSlugs.find((each) => problemType(each) === type) ?? 'internal';
  return new Problem(slug, detail, facts);
}

/** The answer of a problem, with the headers that its kind asks for. */
export function problemResponse(context: Context<ApiEnv>, problem: Problem): Response {
  const { status } = problems[problem.slug];
  return context.body(JSON.stringify(problemBody(problem, context.get('requestId'))), status, {
    'content-type': 'application/problem+json',
    ...(status === 401 && { 'www-authenticate': 'Bearer realm="majordomo"' }),
    ...(problem.facts.retry_after !== undefined && { 'retry-after': String(problem.facts.retry_after) }),
  });
}

type Issue = z.core.$ZodIssue;

const places = {
  json: 'body',
  form: 'body',
  query: 'query',
  param: 'path',
  header: 'header',
  cookie: 'header',
} as const;
type Target = keyof typeof places;

/** What every route does when a part of the request does not fit its schema. */
export function refuseInvalid(result: {
  target: Target;
  success: boolean;
  error?: { issues: readonly Issue[] };
}): void {
  if (result.error !== undefined) throw validationProblem(result.target, result.error.issues);
}

/** All that a schema found, as one problem: of the issues' own kind where they share one, else `validation`. */
function validationProblem(target: Target, issues: readonly Issue[]): Problem {
  const errors = issues.flatMap((issue) => fieldErrors(places[target], issue));
  const slugs = new Set(issues.map(slugOf));
  const [slug = 'validation'] = slugs.size === 1 ? slugs : [];
  const [first] = errors;
  const detail =
    errors.length === 1 && first
      ? `${first.pointer || 'The request'} ${first.detail}`
      : `${errors.length} things are wrong.`;
  return new Problem(slug, detail, { errors });
}

/** A schema names a problem of its own in a refinement's `params`. */
function slugOf(issue: Issue): ProblemSlug {
  if (issue.code === 'unrecognized_keys') return 'unknown-field';
  const named: unknown = issue.code === 'custom' ? issue.params?.['problem'] : undefined;
  return typeof named === 'string' && isProblemSlug(named) ? named : 'validation';
}

/** Values are never repeated: they may be personal. Names of unknown fields are, shortened. */
function fieldErrors(place: FieldError['in'], issue: Issue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    const keys = issue.keys.slice(0, 20);
    return keys.map((key) => ({ in: place, pointer: pointer([...issue.path, key]), detail: 'is not known here.' }));
  }
  return [{ in: place, pointer: pointer(issue.path), detail: issue.message }];
}

/** JSON pointer (RFC 6901). */
function pointer(path: readonly PropertyKey[]): string {
  return path.map((key) => `/${String(key).slice(0, 100).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}
