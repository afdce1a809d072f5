import { OpenAPIHono } from '@hono/zod-openapi';
import type { ApiEnv } from './env.ts';
import { authenticated } from './middleware/auth.ts';
import { limitedBody } from './middleware/body-limit.ts';
import { errorsAsProblems, noSuchRoute } from './middleware/errors.ts';
import { limited } from './middleware/limits.ts';
import { ownOriginOnly } from './middleware/origin.ts';
import { requestIds } from './middleware/request-id.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { methodNotAllowed } from './openapi.ts';
import { sessionCookie } from './middleware/session.ts';
import type { ApiDeps } from './ports.ts';
import { refuseInvalid } from './problem.ts';
import { approvalRoutes } from './routes/approvals.ts';
import { codecRoutes } from './routes/codec.ts';
import { docsRoutes } from './routes/docs.ts';
import { eventRoutes } from './routes/events.ts';
import { healthRoutes } from './routes/health.ts';
import { keyRoutes } from './routes/keys.ts';
import { messageRoutes } from './routes/messages.ts';
import { pipelineRoutes } from './routes/pipelines.ts';
import { telegramRoutes } from './telegram/webhook.ts';
import { loginRoutes } from './routes/login.ts';
import { webUiRoutes } from './routes/web-ui.ts';
import { webUiLinkRoutes } from './routes/web-ui-links.ts';

/** The house's door: parse, start or signal, answer. */
export function createApp(deps: ApiDeps) {
  const app = new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalid });
  app.onError(errorsAsProblems(deps));
  app.notFound(noSuchRoute(app));
  app.use(requestIds());
  app.use(securityHeaders('closed'));
  app.use(ownOriginOnly(deps));
  app.use(limitedBody());

  const health = healthRoutes(deps);
  app.route('/', health);
  app.route('/api/v1', health);
  app.use('/api/v1/*', authenticated(deps));
  app.use('/api/v1/*', limited(deps));
  app.route('/api/v1', keyedRoutes(deps));
  if (deps.telegramWebhook !== undefined) app.route('/', telegramRoutes(deps.telegramWebhook));
  for (const routes of [loginRoutes(deps), codecRoutes(deps), webUiRoutes(deps)]) app.route('/', routes);

  app.openAPIRegistry.registerComponent('responses', 'MethodNotAllowed', methodNotAllowed);
  app.openAPIRegistry.registerComponent('securitySchemes', 'key', { type: 'apiKey', in: 'header', name: 'X-API-Key' });
  app.openAPIRegistry.registerComponent('securitySchemes', 'session', {
    type: 'apiKey',
    in: 'cookie',
    name: sessionCookie,
  });
  app.openAPIRegistry.registerComponent('securitySchemes', 'bearer', { type: 'http', scheme: 'bearer' });
  app.doc31('/openapi.json', {
    openapi: '3.1.0',
    info: {
      title: 'Majordomo',
      version: '1',
      description:
        'Errors are problem documents (RFC 9457): `type` is `/problems/<slug>` and never changes. Requests are counted for ' +
        'each key: every answer to one says in `X-RateLimit-Limit`, `-Remaining` and `-Reset` what is left of the minute.',
    },
  });
  app.route('/', docsRoutes());
  return app;
}

/** What a key opens, under `/api/v1`; chained, so that the routes' types reach the client. */
function keyedRoutes(deps: ApiDeps) {
  return (
    new OpenAPIHono<ApiEnv>()
      // Before those of the approvals, whose ids would take `events` for one.
      .route('/', eventRoutes(deps))
      .route('/', messageRoutes(deps))
      .route('/', pipelineRoutes(deps))
      .route('/', approvalRoutes(deps))
      .route('/', keyRoutes(deps))
      .route('/', webUiLinkRoutes(deps))
  );
}

/** The routes behind the key, for hono's `hc`. */
export type KeyedRoutes = ReturnType<typeof keyedRoutes>;
