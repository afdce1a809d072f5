import { readFile } from 'node:fs/promises';
import { OpenAPIHono } from '@hono/zod-openapi';
import { isProblemSlug, problems, problemType } from '../../contracts/problems.ts';
import type { ApiEnv } from '../env.ts';
import { securityHeaders } from '../middleware/security-headers.ts';
import { Problem } from '../problem.ts';

/** The files of Swagger UI that the page needs; no other file is served. */
const files: Readonly<Record<string, string>> = {
  'swagger-ui.css': 'text/css; charset=utf-8',
  'swagger-ui-bundle.js': 'text/javascript; charset=utf-8',
  'favicon-32x32.png': 'image/png',
};

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Majordomo API</title>
<link rel="icon" type="image/png" href="/docs/favicon-32x32.png">
<link rel="stylesheet" href="/docs/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/swagger-ui-bundle.js"></script>
<script src="/docs/start.js"></script>
</body>
</html>
`;
const start = `SwaggerUIBundle({ url: '/openapi.json', dom_id: '#swagger-ui', deepLinking: true, persistAuthorization: false });\n`;

/** The documentation: `/docs` from files on this machine, `/problems/<slug>` for every type of error, `/` leads there. */
export function docsRoutes() {
  const app = new OpenAPIHono<ApiEnv>();
  app.use('/docs', securityHeaders('documentation'));
  app.use('/docs/*', securityHeaders('documentation'));
  app.get('/', (context) => context.redirect('/docs'));
  app.get('/docs', (context) => context.html(page));
  app.get('/docs/start.js', (context) =>
    context.body(start, 200, { 'content-type': 'text/javascript; charset=utf-8' }),
  );
  app.get('/docs/:file', async (context) => {
    const file = context.req.param('file');
    const type = Object.hasOwn(files, file) ? files[file] : undefined;
    if (type === undefined) throw new Problem('not-found', 'There is no such page.');
    const content = await readFile(new URL(import.meta.resolve(`swagger-ui-dist/${file}`)));
    return context.body(new Uint8Array(content), 200, { 'content-type': type });
  });
  app.get('/problems/:slug', (context) => {
    const slug = context.req.param('slug');
    if (!isProblemSlug(slug)) throw new Problem('not-found', 'There is no such problem type.');
    return context.json({ type: problemType(slug), ...problems[slug] });
  });
  return app;
}
