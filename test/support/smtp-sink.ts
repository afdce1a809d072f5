import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';
import type { Server, Socket } from 'node:net';
import { parseArgs } from 'node:util';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** How the shop's mail server behaves; all but `accept` are ways to fail at one step. */
export const behaviours = [
  'accept',
  'hang-greeting',
  'drop-greeting',
  'refuse-sender',
  'refuse-recipient',
  'defer-recipient',
  'drop-recipient',
  'refuse-content',
  'defer-content',
  'drop-content',
  'hang-content',
] as const;
export type SinkBehaviour = (typeof behaviours)[number];

/** One mail whose content came in whole. `accepted` is false when the answer was a refusal. */
export interface SinkMail {
  readonly at: string;
  readonly messageId: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly accepted: boolean;
  readonly raw: string;
}

export interface SmtpSink {
  readonly port: number;
  readonly received: readonly SinkMail[];
  /** From now on; what `hang-content` has kept waiting is answered when the server accepts again. */
  behave(behaviour: SinkBehaviour): void;
  /** Until the connections are closed too. */
  close(): Promise<void>;
}

/**
 * A real SMTP server on loopback that keeps what it gets. `log`: a file that has one JSON line per mail, on the
 * disk before the sender hears "250", so that it stays true when anything is killed.
 */
export async function startSmtpSink({
  port = 0,
  log,
  behaviour = 'accept',
  server: options = {},
}: {
  port?: number;
  log?: string;
  behaviour?: SinkBehaviour;
  server?: SMTPServerOptions;
} = {}): Promise<SmtpSink> {
  const received: SinkMail[] = [];
  const sockets = new Map<number, Socket>();
  const logFile = log === undefined ? undefined : openSync(log, 'a');
  let current = behaviour;
  const hanging: Array<() => void> = [];
  const keep = (mail: SinkMail) => {
    received.push(mail);
    if (logFile === undefined) return;
    writeSync(logFile, `${JSON.stringify(mail)}\n`);
    fsyncSync(logFile);
  };
  const server = new SMTPServer({
    authOptional: true,
    disableReverseLookup: true,
    disabledCommands: ['STARTTLS'],
    closeTimeout: 100,
    onConnect(session, next) {
      if (current === 'drop-greeting') sockets.get(session.remotePort)?.destroy();
      else if (current !== 'hang-greeting') next();
    },
    onMailFrom(_address, _session, next) {
      next(current === 'refuse-sender' ? refusal(550, 'sender unknown') : null);
    },
    onRcptTo(address, session, next) {
      if (current === 'drop-recipient') sockets.get(session.remotePort)?.destroy();
      else if (current === 'refuse-recipient') next(refusal(550, `<${address.address}> unknown`));
      else next(current === 'defer-recipient' ? refusal(451, 'try later') : null);
    },
    onData(stream, session, next) {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.on('end', () => {
        keep(
          mailOf(Buffer.concat(chunks).toString('utf8'), session.envelope, !/^(refuse|defer)-content$/.test(current)),
        );
        if (current === 'drop-content') sockets.get(session.remotePort)?.destroy();
        else if (current === 'refuse-content') next(refusal(554, 'not wanted'));
        else if (current === 'defer-content') next(refusal(451, 'try later'));
        else if (current === 'hang-content') hanging.push(() => next(null, 'kept'));
        else next(null, 'kept');
      });
    },
    ...options,
  });
  server.on('error', () => undefined);
  server.server.on('connection', (socket: Socket) => {
    const { remotePort } = socket;
    if (remotePort === undefined) return;
    sockets.set(remotePort, socket);
    socket.once('close', () => sockets.delete(remotePort));
  });
  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    port: portOf(server.server),
    received,
    behave: (next) => {
      current = next;
      if (next === 'accept') for (const answer of hanging.splice(0)) answer();
    },
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets.values()) socket.destroy();
        server.close(() => {
          if (logFile !== undefined) closeSync(logFile);
          resolve();
        });
      }),
  };
}

/** The port that a listening server got. */
export function portOf(server: Server): number {
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return address.port;
}

type Envelope = { mailFrom: { address: string } | false; rcptTo: ReadonlyArray<{ address: string }> };

function mailOf(raw: string, { mailFrom, rcptTo }: Envelope, accepted: boolean): SinkMail {
  return {
    at: new Date().toISOString(),
    messageId: /^message-id:\s*(\S+)/im.exec(raw)?.[1] ?? '',
    from: mailFrom ? mailFrom.address : '',
    to: rcptTo.map(({ address }) => address),
    accepted,
    raw,
  };
}

function refusal(responseCode: number, message: string): Error {
  return Object.assign(new Error(message), { responseCode });
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      log: { type: 'string' },
      behaviour: { type: 'string', default: 'accept' },
    },
  });
  const behaviour = behaviours.find((name) => name === values.behaviour);
  if (behaviour === undefined) throw new Error(`--behaviour is one of: ${behaviours.join(', ')}`);
  const sink = await startSmtpSink({
    port: Number(values.port),
    behaviour,
    ...(values.log !== undefined && { log: values.log }),
  });
  process.stdout.write(`${JSON.stringify({ port: sink.port })}\n`);
  const stop = () => void sink.close().then(() => process.exit(0));
  process.once('SIGTERM', stop);
  process.stdin.resume().once('end', stop);
}

if (process.argv[1] === import.meta.filename) await main();
