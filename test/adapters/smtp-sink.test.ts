import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { createSmtpMailer } from '../../adapters/smtp.ts';
import { renderOrder } from '../../contracts/order.ts';

const from = 'Majordomo <house@home.test>';
const logged = z.object({ messageId: z.string(), to: z.array(z.string()), accepted: z.boolean() });

it('keeps what it accepted through a kill, as a process of its own', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sink-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const log = join(folder, 'log.jsonl');
  const sink = spawn(process.execPath, ['--import', 'tsx', 'test/support/smtp-sink.ts', '--log', log]);
  onTestFinished(() => void sink.kill('SIGKILL'));
  const [line] = z.tuple([z.instanceof(Buffer)]).parse(await once(sink.stdout, 'data'));
  const { port } = z.object({ port: z.number() }).parse(JSON.parse(line.toString()));

  const mailer = createSmtpMailer({ host: '127.0.0.1', port, secure: 'none', from });
  const order = renderOrder({ shop: 'shop', lines: [], purchaseId: '0c4f5a0e-1111-4222-8333-444455556666', from });
  await mailer.send({ ...order, from, to: 'orders@shop.test' });
  sink.kill('SIGKILL');
  await once(sink, 'exit');

  const mails = readFileSync(log, 'utf8')
    .trim()
    .split('\n')
    .map((text) => logged.parse(JSON.parse(text)));
  expect(mails).toEqual([{ messageId: order.messageId, to: ['orders@shop.test'], accepted: true }]);
});
