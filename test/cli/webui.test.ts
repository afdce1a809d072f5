import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { afterEach, expect, test } from 'vitest';
import { webUiCommand } from '../../cli/commands/webui.ts';
import { loadConfig } from '../../cli/config.ts';

let server: Server;
afterEach(() => server.close());

test('the link leads to where the house was asked, whatever a proxy in between calls it', async () => {
  const answer = { url: 'http://inside.example/login#secret', expires_at: '2026-11-21T12:00:00.000Z' };
  server = createServer((_, response) => {
    response.writeHead(201, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const at = server.address();
  const address = `http://127.0.0.1:${typeof at === 'object' && at !== null ? at.port : 0}`;
  const env = { MAJORDOMO_URL: address, MAJORDOMO_API_KEY: `mj_${'A'.repeat(43)}` };
  const out: string[] = [];
  const context = { config: () => loadConfig(env), env, out: (line: string) => void out.push(line), say: () => {} };
  expect(await webUiCommand.run(context, { flags: {}, args: [] })).toBe(0);
  expect(out).toEqual([`${address}/login#secret`]);
});
