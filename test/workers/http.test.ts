import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type HttpServer, serveHttp } from '../../workers/http.ts';
import { createWorld, type TestCaller, type World } from '../api/world.ts';

let world: World;
let owner: TestCaller;
let server: HttpServer;
beforeAll(async () => {
  world = await createWorld({
    change: (deps) => ({ ...deps, workflows: { ...deps.workflows, admit: () => Promise.resolve() } }),
  });
  owner = await world.caller();
  server = await serveHttp((arrived) => world.app.fetch(arrived), { host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await server.stop();
  await world.close();
});

/** A request as it goes over the wire; a body is sent in chunks, without a stated length. */
async function send(method: string, path: string, chunks: readonly string[] = []) {
  const headers = { 'x-api-key': owner.key, ...(chunks.length > 0 && { 'content-type': 'application/json' }) };
  const sent = request({ host: '127.0.0.1', port: server.port, method, path, headers, agent: false });
  sent.on('error', () => undefined);
  for (const chunk of chunks) sent.write(chunk);
  sent.end();
  const [response]: IncomingMessage[] = await once(sent, 'response');
  let text = '';
  for await (const chunk of response ?? []) text += String(chunk);
  return { status: response?.statusCode, json: text === '' ? undefined : JSON.parse(text) };
}

describe('over the wire', () => {
  it('takes a body that comes in chunks', async () => {
    const answer = await send('POST', '/api/v1/messages', ['{"text":"mi', 'lk 💥","source_', 'id":"chunks"}']);
    expect(answer).toMatchObject({ status: 202, json: { duplicate: false } });
    const { rows } = await world.core.query(`SELECT body FROM core.messages WHERE source_id = 'chunks'`);
    expect(rows).toEqual([{ body: 'milk 💥' }]);
  });

  it('refuses what is too large while it arrives', async () => {
    const answer = await send('POST', '/api/v1/messages', Array<string>(32).fill('x'.repeat(65_536)));
    expect(answer).toMatchObject({ status: 413, json: { type: '/problems/body-too-large' } });
  });

  it.each(['PUT', 'PATCH', 'DELETE', 'OPTIONS'])('has no route for %s', async (method) => {
    expect(await send(method, '/api/v1/messages')).toMatchObject({
      status: 404,
      json: { type: '/problems/not-found' },
    });
  });

  it('counts no stream whose reader left, and ends the others when it stops', async () => {
    const ending = new AbortController();
    const own = await createWorld({ ending: ending.signal });
    const as = await own.caller();
    const streaming = await serveHttp((arrived) => own.app.fetch(arrived), { host: '127.0.0.1', port: 0 });
    const open = async () => {
      const { port } = streaming;
      const sent = request({
        host: '127.0.0.1',
        port,
        path: '/api/v1/approvals/events',
        headers: { 'x-api-key': as.key },
      });
      sent.on('error', () => undefined).end();
      const [response]: IncomingMessage[] = await once(sent, 'response');
      response?.on('error', () => undefined).resume();
      return { status: response?.statusCode, ended: () => response?.readableEnded, leave: () => sent.destroy() };
    };
    const first = await Promise.all(Array.from({ length: 8 }, open));
    expect((await open()).status).toBe(429);
    for (const { leave } of first) leave();
    await expect.poll(async () => (await open()).status).toBe(200);
    const last = await open();
    const started = Date.now();
    ending.abort();
    await streaming.stop();
    expect(last.ended()).toBe(true);
    // The server itself would cut them only after 1.5 s.
    expect(Date.now() - started).toBeLessThan(1_000);
    await own.close();
  });

  it('answers HEAD like GET, without the body', async () => {
    expect(await send('HEAD', '/api/v1/messages')).toEqual({ status: 200, json: undefined });
  });
});
