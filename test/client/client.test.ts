import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { routes } from '../../client/answers.ts';
import { createClient, HouseRefused, HouseUnreachable, parseResponse, readEvents } from '../../client/index.ts';
import { problemType } from '../../contracts/problems.ts';
import { createWorld } from '../api/world.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  }
});

/** Something that answers where the house should. */
async function stranger(listener: RequestListener) {
  const server = createServer(listener).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  const at = server.address();
  const address = `http://127.0.0.1:${typeof at === 'object' && at !== null ? at.port : 0}`;
  const ending = new AbortController();
  return { house: createClient({ address, key: 'mj_key', signal: ending.signal }), ending };
}

const json =
  (status: number, body: unknown): RequestListener =>
  (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));

describe('the client', () => {
  test('knows every route that the house documents behind the key', async () => {
    const world = await createWorld();
    try {
      const { paths } = world.contract.document;
      const documented = Object.entries(paths)
        .filter(([path, operations]) => {
          // What lies outside is the Web UI's, whose page calls it.
          return path.startsWith('/api/v1/') && Object.values(operations).some((each) => 'security' in each);
        })
        .flatMap(([path, operations]) => Object.keys(operations).map((method) => `${method} ${path}`));
      const known = routes.map(({ method, path }) => `${method} /api/v1${path}`);
      expect(known.toSorted()).toEqual(documented.toSorted());
    } finally {
      await world.close();
    }
  });

  test('sends the key, and answers what the house answers', async () => {
    const { house } = await stranger((request, response) => {
      const key = request.headers['x-api-key'];
      const { pathname } = new URL(request.url ?? '', 'http://house');
      json(200, key === 'mj_key' && pathname === '/api/v1/pipelines' ? { chains: [] } : {})(request, response);
    });
    expect(await parseResponse(house.pipelines.$get())).toEqual({ chains: [] });
  });

  test.each([
    ['another form', json(200, { chains: [{ name: 1 }] })],
    ['an undocumented status', json(203, { chains: [] })],
    ['an error that is no problem document', json(500, { error: 'no' })],
    ['a page', (_: unknown, response: { end: (text: string) => unknown }) => void response.end('<p>Hello</p>')],
  ] satisfies [string, RequestListener][])('takes %s for a stranger', async (_, listener) => {
    const { house } = await stranger(listener);
    const answer = parseResponse(house.pipelines.$get());
    await expect(answer).rejects.toThrow(HouseUnreachable);
    await expect(answer).rejects.toThrow('does not speak as this house does');
  });

  test('takes its key to no other place, whoever leads there', async () => {
    const asked: unknown[] = [];
    const elsewhere = createServer((request, response) => {
      asked.push(request.headers);
      response.end('{}');
    }).listen(0, '127.0.0.1');
    servers.push(elsewhere);
    await once(elsewhere, 'listening');
    const at = elsewhere.address();
    const location = `http://localhost:${typeof at === 'object' && at !== null ? at.port : 0}/`;
    for (const status of [302, 307]) {
      const { house } = await stranger((_, response) => void response.writeHead(status, { location }).end());
      await expect(parseResponse(house.pipelines.$get())).rejects.toThrow('leads elsewhere');
    }
    expect(asked).toEqual([]);
  });

  test('throws a problem document as the refusal that it is', async () => {
    const type = problemType('missing-scope');
    const problem = { type, title: 'No.', status: 403, detail: 'Never.', request_id: '1', scope: 'messages:read' };
    const { house } = await stranger(json(403, problem));
    const error: unknown = await house.messages.$get({ query: {} }).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HouseRefused);
    expect(error).toMatchObject({ message: 'No. Never.', problem });
  });

  test('ends with the reason of its signal', async () => {
    const { house, ending } = await stranger(() => ending.abort(new Error('enough')));
    await expect(house.pipelines.$get()).rejects.toThrow('enough');
  });
});

describe('a stream of events', () => {
  const event = (id: number) => `id: ${id}\nevent: approval\ndata: {"number":${id}}\n\n`;

  test('goes on after the last event, over ends, breaks and outages', async () => {
    const asked: unknown[] = [];
    const begun = (response: ServerResponse) => response.writeHead(200, { 'content-type': 'text/event-stream' });
    const turns: ((response: ServerResponse) => unknown)[] = [
      (response) => begun(response).end(`retry: 1\n\n${event(1)}`),
      (response) => begun(response).write(event(2), () => response.destroy()),
      (response) => response.destroy(),
      (response) => begun(response).write(event(3)),
    ];
    const { house, ending } = await stranger((request, response) => {
      asked.push(request.headers['last-event-id']);
      turns.shift()?.(response);
    });
    const seen: unknown[] = [];
    for await (const { id, event: kind, data } of readEvents((options) => house.pipelines.$get({}, options), ending)) {
      seen.push([id, kind, data]);
      if (seen.length === 3) break;
    }
    expect(seen).toEqual([1, 2, 3].map((number) => [String(number), 'approval', { number }]));
    expect(asked).toEqual([undefined, '1', '2', '2']);
  });

  test('begins where it is told, and ends with its signal', async () => {
    const { house, ending } = await stranger((request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(event(Number(request.headers['last-event-id']) + 1));
    });
    const options = { signal: ending.signal, lastEventId: '7' };
    const events = readEvents((given) => house.pipelines.$get({}, given), options);
    expect((await events.next()).value).toMatchObject({ id: '8' });
    const next = events.next();
    ending.abort(new Error('enough'));
    await expect(next).rejects.toThrow('enough');
  });

  test('ends with the signal of its reader too, while it reads and while it waits', async () => {
    const turns = ['', event(1)];
    const { house } = await stranger((_, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const turn = turns.shift();
      if (turn === '') response.end('retry: 100000\n\n');
      else response.write(turn ?? event(2));
    });
    const waiting = new AbortController();
    const none = readEvents((given) => house.pipelines.$get({}, given), waiting).next();
    await vi.waitFor(() => expect(turns).toHaveLength(1));
    setImmediate(() => waiting.abort(new Error('enough of waiting')));
    await expect(none).rejects.toThrow('enough of waiting');
    const reading = new AbortController();
    const events = readEvents((given) => house.pipelines.$get({}, given), reading);
    await events.next();
    const next = events.next();
    reading.abort(new Error('enough of reading'));
    await expect(next).rejects.toThrow('enough of reading');
  });

  test('ends where the house refuses it', async () => {
    const type = problemType('unauthenticated');
    const { house, ending } = await stranger(
      json(401, { type, title: 'No.', status: 401, detail: 'Never.', request_id: '1' }),
    );
    const events = readEvents((given) => house.pipelines.$get({}, given), ending);
    await expect(events.next()).rejects.toThrow(HouseRefused);
  });
});
