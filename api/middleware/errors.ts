import type { Context, ErrorHandler } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { retryAfterSeconds } from '../../contracts/api.ts';
import type { ApiEnv } from '../env.ts';
import type { ApiDeps } from '../ports.ts';
import { Problem, problemResponse } from '../problem.ts';

/** Every error as a problem; what nobody foresaw is logged with the request's id and told without a word of it. */
export function errorsAsProblems({
  log,
  isDatabaseOutage,
}: Pick<ApiDeps, 'log' | 'isDatabaseOutage'>): ErrorHandler<ApiEnv> {
  return (error, context) => {
    const problem = problemOf(error, isDatabaseOutage);
    const facts = {
      requestId: context.get('requestId'),
      method: context.req.method,
      path: context.req.routePath,
      error,
    };
    if (problem.slug === 'internal') log.error(facts, 'A request failed');
    else if (problem.slug === 'database-unavailable') log.warn(facts, problem.message);
    return problemResponse(context, problem);
  };
}

/** The answer where no route is. */
export function noSuchRoute(context: Context<ApiEnv>): Response {
  return problemResponse(context, new Problem('not-found', 'There is no such route; see /openapi.json.'));
}

function problemOf(error: unknown, isDatabaseOutage: (error: unknown) => boolean): Problem {
  if (error instanceof Problem) return error;
  if (isDatabaseOutage(error)) {
    return new Problem('database-unavailable', 'Try again with the same ids: nothing is done twice.', {
      retry_after: retryAfterSeconds,
    });
  }
  if (error instanceof HTTPException && error.status === 415) {
    return new Problem('unsupported-media-type', 'Send content-type: application/json.');
  }
  if (error instanceof HTTPException && error.status === 400)
    return new Problem('malformed-json', 'The body cannot be read as JSON.');
  return new Problem('internal', 'The error is in the log under this request id.');
}
