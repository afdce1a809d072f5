import { parseArgs } from 'node:util';
import { createChats } from './chats.ts';
import { control } from './control.ts';
import { createFaults } from './faults.ts';
import { openLog } from './log.ts';
import { createMethods, type Press } from './methods.ts';
import { botApi, createPort } from './server.ts';
import { createUpdates } from './updates.ts';

/**
 * A stand-in for Telegram's Bot API on loopback, strict about what it takes. The first line on stdout tells both
 * addresses as JSON; it ends when stdin does.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      token: { type: 'string', default: '7000000001:stand-in' },
      owner: { type: 'string', default: '4711' },
      port: { type: 'string', default: '0' },
      log: { type: 'string' },
    },
  });
  const chats = createChats();
  const updates = createUpdates();
  const faults = createFaults();
  const presses: Press[] = [];
  const commands: string[] = [];
  const log = openLog(values.log);
  const methods = createMethods({ chats, updates, presses, commands });
  const silent = new Set(['getMe', 'getUpdates']);
  const api = createPort(
    botApi({
      token: values.token,
      methods,
      faults,
      accepted: (method, parameters, result) => {
        if (!silent.has(method)) log.write({ at: new Date().toISOString(), method, parameters, result });
      },
    }),
    Number(values.port),
  );
  const listen = (on: boolean) => (on ? api.open() : api.close());
  const owner = Number(values.owner);
  const desk = createPort(control({ ownerId: owner, chats, updates, presses, commands, faults, listen }));
  const [apiPort, deskPort] = [await api.open(), await desk.open()];
  process.stdout.write(
    `${JSON.stringify({ api: `http://127.0.0.1:${apiPort}`, control: `http://127.0.0.1:${deskPort}` })}\n`,
  );
  process.stdin.on('end', () => process.exit()).resume();
}

await main();
