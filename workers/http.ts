import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { getRequestListener } from '@hono/node-server';
import { problems, problemType } from '../contracts/problems.ts';

/** Milliseconds for a request's headers and for the whole request: a slow sender does not hold a connection for ever. */
const headersMs = 10_000;
const requestMs = 30_000;
/** Milliseconds that running requests get to end once the server stops. */
const drainMs = 1_500;
/** Milliseconds between two looks for connections that run no request any more. */
const idleMs = 20;

/** A server that takes requests. */
export interface HttpServer {
  readonly port: number;
  /** Takes no more requests, lets the running ones end, and cuts those that do not. */
  stop(): Promise<void>;
}

/** Serves an app on an address. Rejects when the address cannot be listened on. */
export async function serveHttp(
  fetch: (request: Request) => Response | Promise<Response>,
  { host, port }: { host: string; port: number },
): Promise<HttpServer> {
  const listener = getRequestListener((request) => fetch(request), {
    errorHandler: refuseUnreadable,
    overrideGlobalObjects: false,
  });
  const server = createServer({ headersTimeout: headersMs, requestTimeout: requestMs }, (request, response) => {
    void listener(request, response);
  });
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address();
  return { port: typeof address === 'object' && address !== null ? address.port : port, stop: () => drain(server) };
}

async function drain(server: Server): Promise<void> {
  const closed = once(server, 'close');
  server.close();
  // A connection whose answer ended after the close stays open for another request, which never comes.
  const idle = setInterval(() => server.closeIdleConnections(), idleMs);
  const cut = setTimeout(() => server.closeAllConnections(), drainMs);
  await closed;
  clearInterval(idle);
  clearTimeout(cut);
}

/** What is no HTTP request of ours (a host that is no name, say) never reaches the app. */
function refuseUnreadable(): Response {
  const { status, title } = problems.validation;
  const body = {
    type: problemType('validation'),
    title,
    status,
    detail: 'The request line or the host cannot be read.',
    request_id: '-',
  };
  return Response.json(body, { status, headers: { 'content-type': 'application/problem+json' } });
}
