import { createHash } from 'node:crypto';
import { type Context, Hono, type MiddlewareHandler } from 'hono';
import { retryAfterSeconds } from '../../contracts/api.ts';
import { webUiPath } from '../../contracts/web-ui.ts';
import type { ApiEnv } from '../env.ts';
import { loggedIn } from '../middleware/session.ts';
import type { ApiDeps, WebUi } from '../ports.ts';
import { Problem } from '../problem.ts';

/** What of a request the UI server gets to see: never our cookie, never a key. */
const passedOn = ['accept', 'accept-language', 'caller-type', 'content-type', 'x-csrf-token'];
/** What of its answer the browser gets to see. */
const passedBack = ['content-type', 'location', 'last-modified', 'content-security-policy'];
/** The UI server's own token against forged writes: its page sends it as cookie and header. */
const csrfCookie = /(?:^|; *)(_csrf=[^;]*)/u;

/** Temporal's Web UI behind our login, on our origin. */
export function webUiRoutes(deps: Pick<ApiDeps, 'logins' | 'webUi'>) {
  const { webUi } = deps;
  const app = new Hono<ApiEnv>();
  for (const path of [webUiPath, `${webUiPath}/*`])
    app.all(path, kindly(), loggedIn(deps), (context) => pass(context, webUi));
  return app;
}

const page = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Majordomo</title>
<h1>Not logged in</h1>
<p>On the machine of the house, run <code>npx majordomo webui</code>: it prints a link that logs this browser in.</p>
</html>
`;

/** A browser that shows a page is told in words what a program is told as a problem. */
function kindly(): MiddlewareHandler<ApiEnv> {
  return async (context, next) => {
    await next();
    const readsHtml = context.req.header('accept')?.includes('text/html') === true;
    if (context.res.status === 401 && context.req.method === 'GET' && readsHtml) context.res = context.html(page, 401);
  };
}

async function pass(context: Context<ApiEnv>, webUi: WebUi | null): Promise<Response> {
  if (webUi === null) throw unavailable('This house knows no UI server: see the log of its start.');
  const { method, body, signal } = context.req.raw;
  const { pathname, search } = new URL(context.req.url);
  const answer = await fetch(`${webUi.server}${serverPath(pathname)}${search}`, {
    method,
    headers: requestHeaders(context),
    body,
    ...(body !== null && { duplex: 'half' as const }),
    redirect: 'manual',
    signal,
  }).catch(() => {
    throw unavailable('The UI server does not answer; it starts with Temporal.');
  });
  const isPage = answer.headers.get('content-type')?.startsWith('text/html') === true;
  const content = isPage ? await answer.text() : answer.body;
  const headers = responseHeaders(answer, typeof content === 'string' ? content : '');
  if (pathname.includes('/_app/immutable/')) headers.set('cache-control', 'private, max-age=31536000, immutable');
  return new Response(content, { status: answer.status, headers });
}

const unavailable = (detail: string) => new Problem('web-ui-unavailable', detail, { retry_after: retryAfterSeconds });

/** The UI server takes its public path off once, and wants it twice for rendered Markdown. */
const serverPath = (pathname: string): string =>
  pathname === `${webUiPath}/render` ? `${webUiPath}${pathname}` : pathname;

function requestHeaders({ req }: Context): Headers {
  const headers = new Headers();
  for (const name of passedOn) {
    const value = req.header(name);
    if (value !== undefined) headers.set(name, value);
  }
  const csrf = csrfCookie.exec(req.header('cookie') ?? '')?.[1];
  if (csrf !== undefined) headers.set('cookie', csrf);
  return headers;
}

/** The UI server drops its policy when it has a public path: here is one that allows what its page does, and no more. */
function responseHeaders(answer: Response, html: string): Headers {
  const headers = new Headers({
    'cache-control': 'no-store',
    'content-security-policy': contentSecurityPolicy(html),
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'referrer-policy': 'no-referrer',
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'SAMEORIGIN',
  });
  for (const name of passedBack) {
    const value = answer.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const [csrf] = answer.headers.getSetCookie().filter((cookie) => cookie.startsWith('_csrf='));
  if (csrf !== undefined) headers.set('set-cookie', csrf);
  return headers;
}

/** Inline scripts of the page, which start the app. */
const inlineScripts = /<script>([\s\S]*?)<\/script>/gu;

function contentSecurityPolicy(html: string): string {
  const hashes = [...html.matchAll(inlineScripts)].map(
    ([, script = '']) => `'sha256-${createHash('sha256').update(script).digest('base64')}'`,
  );
  return [
    "default-src 'none'",
    ["script-src 'self'", ...hashes].join(' '),
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "worker-src 'self' blob:",
    "frame-src 'self'",
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'self'",
  ].join('; ');
}
