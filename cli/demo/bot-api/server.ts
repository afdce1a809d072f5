import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { ApiError, ApiSuccess } from '@grammyjs/types';
import { readBody } from './body.ts';
import type { createFaults, Fault } from './faults.ts';
import type { createMethods } from './methods.ts';
import { Refusal } from './refusal.ts';

export interface BotApiParts {
  token: string;
  methods: ReturnType<typeof createMethods>;
  faults: ReturnType<typeof createFaults>;
  /** Hears of every call that was accepted, before it is answered. */
  accepted: (method: string, parameters: object, result: unknown) => void;
}

/** `/bot<token>/<method>`, as Telegram serves it. */
export function botApi(parts: BotApiParts): RequestListener {
  return (request, response) => {
    void answer(parts, request, response).catch((error: unknown) => {
      const refusal = error instanceof Refusal ? error : new Refusal(500, 'Internal Server Error');
      refuse(response, refusal);
    });
  };
}

async function answer(parts: BotApiParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const [, token, name = ''] = /^\/bot([^/]+)\/([A-Za-z]+)$/.exec(request.url ?? '') ?? [];
  if (token !== parts.token) throw new Refusal(401, 'Unauthorized');
  const method = parts.methods.get(name);
  if (method === undefined) throw new Refusal(404, 'Not Found: method not found');
  const { parameters, run } = method(await readBody(request));
  const fault = parts.faults.next(name);
  if (fault?.kind === 'hang') return;
  if (fault?.kind === 'reset') return void request.socket.destroy();
  if (fault?.kind === 'answer') throw scripted(fault);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const result = await run(gone.signal);
  parts.accepted(name, parameters, result);
  if (fault?.kind === 'lost') return void request.socket.destroy();
  if (fault?.kind === 'garbage') return void response.end('<html>Bad Gateway</html>');
  const body: ApiSuccess<unknown> = { ok: true, result };
  send(response, 200, body);
}

function scripted(fault: Fault & { kind: 'answer' }): Refusal {
  const { code, description = 'Scripted', retry_after } = fault;
  return new Refusal(code, description, retry_after === undefined ? {} : { retry_after });
}

function refuse(response: ServerResponse, { code, message, parameters }: Refusal): void {
  const body: ApiError = { ok: false, error_code: code, description: message, parameters };
  send(response, code, body);
}

export function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** A server on loopback that can be closed and opened again on its port. */
export function createPort(listener: RequestListener, wanted = 0) {
  let port = wanted;
  let server: Server | undefined;
  return {
    async open(): Promise<number> {
      if (server !== undefined) return port;
      server = createServer(listener).listen(port, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      if (typeof address === 'object' && address !== null) ({ port } = address);
      return port;
    },
    async close(): Promise<void> {
      const closing = server;
      server = undefined;
      if (closing === undefined) return;
      const closed = once(closing, 'close');
      closing.close();
      closing.closeAllConnections();
      await closed;
    },
  };
}
