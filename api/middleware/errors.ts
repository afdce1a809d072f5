import type { ErrorHandler, Hono, NotFoundHandler } from 'hono';
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

/** The answer where no route is, or none for this method. */
export function noSuchRoute(app: Pick<Hono<ApiEnv>, 'routes'>): NotFoundHandler<ApiEnv> {
  return (context) => {
    const { method, path } = context.req;
    const here = app.routes.filter((route) => route.method !== 'ALL' && fits(route.path, path));
    const methods = new Set(here.flatMap((route) => (route.method === 'GET' ? ['GET', 'HEAD'] : [route.method])));
    if (methods.size === 0) {
      return problemResponse(context, new Problem('not-found', 'There is no such route; see /openapi.json.'));
    }
    context.header('allow', [...methods].join(', '));
    return problemResponse(
      context,
      new Problem('method-not-allowed', `${method} is not taken here; see /openapi.json.`),
    );
  };
}

/** Whether a path is one of a route, as in `/items/:id`. */
function fits(route: string, path: string): boolean {
  const [parts, given] = [route.split('/'), path.split('/')];
  return parts.length === given.length && parts.every((part, index) => part.startsWith(':') || part === given[index]);
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
