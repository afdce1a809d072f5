import { OpenAPIHono } from '@hono/zod-openapi';
import type { ApiEnv } from './env.ts';
import { authenticated } from './middleware/auth.ts';
import { limitedBody } from './middleware/body-limit.ts';
import { errorsAsProblems, noSuchRoute } from './middleware/errors.ts';
import { ownOriginOnly } from './middleware/origin.ts';
import { requestIds } from './middleware/request-id.ts';
import { securityHeaders } from './middleware/security-headers.ts';
import { sessionCookie } from './middleware/session.ts';
import type { ApiDeps } from './ports.ts';
import { refuseInvalid } from './problem.ts';
import { approvalRoutes } from './routes/approvals.ts';
import { codecRoutes } from './routes/codec.ts';
import { docsRoutes } from './routes/docs.ts';
import { healthRoutes } from './routes/health.ts';
import { loginRoutes } from './routes/login.ts';
import { messageRoutes } from './routes/messages.ts';
import { pipelineRoutes } from './routes/pipelines.ts';
import { webUiRoutes } from './routes/web-ui.ts';
import { webUiLinkRoutes } from './routes/web-ui-links.ts';

/** The house's door: parse, start or signal, answer. */
export function createApp(deps: ApiDeps) {
  const app = new OpenAPIHono<ApiEnv>({ defaultHook: refuseInvalid });
  app.onError(errorsAsProblems(deps));
  app.notFound(noSuchRoute);
  app.use(requestIds());
  app.use(securityHeaders('closed'));
  app.use(ownOriginOnly(deps));
  app.use(limitedBody());

  const health = healthRoutes(deps);
  app.route('/', health);
  app.route('/api/v1', health);
  app.use('/api/v1/*', authenticated(deps));
  for (const routes of [messageRoutes(deps), pipelineRoutes(deps), approvalRoutes(deps), webUiLinkRoutes(deps)])
    app.route('/api/v1', routes);
  for (const routes of [loginRoutes(deps), codecRoutes(deps), webUiRoutes(deps)]) app.route('/', routes);

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
      description: 'Errors are problem documents (RFC 9457): `type` is `/problems/<slug>` and never changes.',
    },
  });
  app.route('/', docsRoutes());
  return app;
}
