import { randomBytes } from 'node:crypto';
import { OpenAPIHono } from '@hono/zod-openapi';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import { validator } from 'hono/validator';
import { sha256 } from '../../contracts/action.ts';
import {
  columns,
  listPath,
  type LoggedIn,
  loginRequestSchema,
  sessionLasts,
  type View,
  viewNames,
  viewQuery,
  views,
} from '../../contracts/web-ui.ts';
import type { ApiEnv } from '../env.ts';
import { securityHeaders } from '../middleware/security-headers.ts';
import { sessionCookie } from '../middleware/session.ts';
import type { ApiDeps, WebUi } from '../ports.ts';
import { Problem, refuseInvalid } from '../problem.ts';

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Majordomo</title>
</head>
<body>
<h1>Majordomo</h1>
<p id="said">A login needs a link: on the machine of the house, run <code>npx majordomo webui</code>.</p>
<form method="post" action="/logout"><button>Log out</button></form>
<script src="/login/start.js"></script>
</body>
</html>
`;

/**
 * The secret stands behind the #, which browsers send to nobody, and leaves the address at once. Columns and views are
 * what Temporal's Web UI keeps in the browser: columns are set once, our views anew, the owner's own stay.
 */
const start = `const said = document.querySelector('#said');
const secret = location.hash.slice(1);
history.replaceState(null, '', '/login');

function prepare({ namespace, columns, views }) {
  const columnsKey = 'namespace-workflow-table-columns';
  const viewsKey = 'saved-workflow-queries';
  const read = (key) => JSON.parse(localStorage.getItem(key) ?? '{}');
  const ours = new Set(views.map(({ id }) => id));
  const known = read(viewsKey);
  const own = (known[namespace] ?? []).filter(({ id }) => !ours.has(id));
  localStorage.setItem(viewsKey, JSON.stringify({ ...known, [namespace]: [...views, ...own] }));
  const shown = { [namespace]: columns.map((label) => ({ label })), ...read(columnsKey) };
  localStorage.setItem(columnsKey, JSON.stringify(shown));
}

async function logIn() {
  said.textContent = 'Logging in …';
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch('/login', { method: 'POST', headers, body: JSON.stringify({ secret }) });
  const told = await answer.json();
  if (!answer.ok) throw new Error(told.detail);
  try {
    prepare(told);
  } finally {
    location.replace(told.next);
  }
}

if (secret !== '') logIn().catch((error) => (said.textContent = error.message));
`;

const cookie = { path: '/', httpOnly: true, sameSite: 'Strict' } as const;

/** Turns a link into a session: `/login` and `/logout`. */
export function loginRoutes({ logins, webUi }: Pick<ApiDeps, 'logins' | 'webUi'>) {
  const app = new OpenAPIHono<ApiEnv>();
  app.use('/login', securityHeaders('login'));
  app.use('/login/*', securityHeaders('login'));
  app.get('/login', (context) => context.html(page));
  app.get('/login/start.js', (context) =>
    context.body(start, 200, { 'content-type': 'text/javascript; charset=utf-8' }),
  );
  app.post('/login', validator('json', readLogin), async (context) => {
    const { secret } = context.req.valid('json');
    const session = randomBytes(32).toString('base64url');
    const login = { linkHash: sha256(secret), sessionHash: sha256(session), lastsMs: sessionLasts };
    const opened = webUi === null ? null : await logins.open(login);
    if (webUi === null || opened === null) {
      throw new Problem('not-logged-in', 'This link was used, or its time is over. Run `npx majordomo webui` again.');
    }
    setCookie(context, sessionCookie, session, { ...cookie, maxAge: sessionLasts / 1000 });
    return context.json(loggedInTo(webUi, opened.view), 200);
  });
  app.post('/logout', async (context) => {
    await logins.end(sha256(getCookie(context, sessionCookie) ?? ''));
    deleteCookie(context, sessionCookie, cookie);
    return context.redirect('/login', 303);
  });
  return app;
}

function readLogin(value: unknown) {
  const { data, error } = loginRequestSchema.safeParse(value);
  if (error !== undefined) refuseInvalid({ target: 'json', success: false, error });
  return data ?? { secret: '' };
}

function loggedInTo({ namespace, timezone }: WebUi, view: View): LoggedIn {
  const at = { now: new Date(), timezone };
  const ours = views.filter((each) => each !== 'all');
  return {
    next: listPath(namespace, viewQuery(view, at)),
    namespace,
    columns,
    views: ours.map((each) => ({ id: `majordomo-${each}`, name: viewNames[each], query: viewQuery(each, at) })),
  };
}
