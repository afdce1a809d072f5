import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { createServer } from 'node:net';
import { createSmtpMailer } from '../../adapters/smtp.ts';
import { MailError } from '../../adapters/smtp-error.ts';
import type { SmtpSettings } from '../../adapters/smtp-settings.ts';
import { loopbackCertificate } from '../support/certificate.ts';
import { portOf, startSmtpSink, type SinkBehaviour, type SmtpSink } from '../support/smtp-sink.ts';

const mail = {
  messageId: '<0c4f5a0e-1111-4222-8333-444455556666@majordomo.test>',
  to: 'Corner shop <orders@shop.test>',
  from: 'Majordomo <house@home.test>',
  subject: 'Order: milk and Käse',
  text: 'Milk, 1 l\n.\nKäse, 400 g\n',
};
const timeouts = { connection: 400, greeting: 300, socket: 300 };

let sink: SmtpSink | undefined;
afterEach(() => sink?.close());

const plain = (port: number): SmtpSettings => ({ host: '127.0.0.1', port, secure: 'none', from: mail.from });

async function failureOf(work: Promise<unknown>): Promise<MailError> {
  const error = await work.then(
    () => expect.unreachable('the mail was accepted'),
    (reason: unknown) => reason,
  );
  if (!(error instanceof MailError)) throw error;
  return error;
}

/** A server that speaks line by line; for what smtp-server is too polite to do. */
async function scripted(
  answer: (line: string, write: (text: string) => void, end: () => void) => void,
): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.write('220 scripted\r\n');
    let rest = '';
    socket.on('data', (chunk) => {
      const lines = `${rest}${chunk.toString()}`.split('\r\n');
      rest = lines.pop() ?? '';
      for (const line of lines)
        answer(
          line,
          (text) => socket.write(`${text}\r\n`),
          () => socket.destroy(),
        );
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return portOf(server);
}

describe('a send that succeeds', () => {
  it('delivers once, under the given Message-ID, and returns the answer of the server', async () => {
    sink = await startSmtpSink();
    const receipt = await createSmtpMailer(plain(sink.port), { timeouts }).send(mail);
    expect(receipt).toEqual({ accepted: true, response: '250 kept', messageId: mail.messageId });
    expect(sink.received).toHaveLength(1);
    expect(sink.received[0]).toMatchObject({
      messageId: mail.messageId,
      from: 'house@home.test',
      to: ['orders@shop.test'],
    });
    expect(sink.received[0]?.raw).toMatch(/^Subject: =\?UTF-8\?/m);
  });

  it('upgrades with STARTTLS and logs in', async () => {
    const { cert, key } = loopbackCertificate();
    const logins: unknown[] = [];
    sink = await startSmtpSink({
      server: {
        cert,
        key,
        disabledCommands: [],
        authOptional: false,
        onAuth({ username, password }, session, next) {
          logins.push({ username, password, secure: session.secure });
          next(null, { user: username });
        },
      },
    });
    const settings = { ...plain(sink.port), secure: 'starttls', user: 'house', password: 'opensesame' } as const;
    await createSmtpMailer(settings, { timeouts, ca: cert }).send(mail);
    await createSmtpMailer(settings, { timeouts, ca: cert }).verify();
    const login = { username: 'house', password: 'opensesame', secure: true };
    expect(logins).toEqual([login, login]);
    expect(sink.received).toHaveLength(1);
  });
});

describe('a send that fails is sorted by what the shop can have', () => {
  const cases: ReadonlyArray<[SinkBehaviour, Partial<MailError>]> = [
    ['hang-greeting', { certainlyNotSent: true, retryable: true, status: undefined }],
    ['drop-greeting', { certainlyNotSent: true, retryable: true, status: undefined }],
    ['refuse-sender', { certainlyNotSent: true, retryable: false, status: 550 }],
    ['refuse-recipient', { certainlyNotSent: true, retryable: false, status: 550 }],
    ['defer-recipient', { certainlyNotSent: true, retryable: true, status: 451 }],
    ['drop-recipient', { certainlyNotSent: true, retryable: true, status: undefined }],
    ['refuse-content', { certainlyNotSent: true, retryable: false, status: 554 }],
    ['defer-content', { certainlyNotSent: true, retryable: true, status: 451 }],
    ['drop-content', { certainlyNotSent: false, retryable: false, status: undefined }],
    ['hang-content', { certainlyNotSent: false, retryable: false, status: undefined }],
  ];
  it.each(cases)('%s', async (behaviour, facts) => {
    sink = await startSmtpSink({ behaviour });
    const error = await failureOf(createSmtpMailer(plain(sink.port), { timeouts }).send(mail));
    expect(error).toMatchObject(facts);
    expect(error.message).not.toContain('shop.test');
    expect(sink.received.some(({ accepted }) => accepted)).toBe(!error.certainlyNotSent);
  });

  it('knows nothing after an answer to the content that is no SMTP', async () => {
    let inContent = false;
    const port = await scripted((line, write) => {
      if (inContent) {
        if (line === '.') write('what?');
      } else if (line === 'DATA') {
        inContent = true;
        write('354 go on');
      } else write('250 ok');
    });
    expect(await failureOf(createSmtpMailer(plain(port), { timeouts }).send(mail))).toMatchObject({
      certainlyNotSent: false,
    });
  });

  it('knows that nothing was sent when the server leaves in the middle of the content', async () => {
    const port = await scripted((line, write, end) => {
      if (line === 'DATA') write('354 go on');
      else if (/^(EHLO|MAIL|RCPT)/.test(line)) write('250 ok');
      else end();
    });
    const long = { ...mail, text: 'milk\n'.repeat(2_000_000) };
    const error = await failureOf(
      createSmtpMailer(plain(port), { timeouts: { ...timeouts, socket: 5000 } }).send(long),
    );
    expect(error).toMatchObject({ certainlyNotSent: true, retryable: true });
  });

  it('takes a shutdown answer (421) to the content for a refusal', async () => {
    let inContent = false;
    const port = await scripted((line, write, end) => {
      if (inContent) {
        if (line !== '.') return;
        write('421 going down');
        end();
      } else if (line === 'DATA') {
        inContent = true;
        write('354 go on');
      } else write('250 ok');
    });
    const error = await failureOf(createSmtpMailer(plain(port), { timeouts }).send(mail));
    expect(error).toMatchObject({ certainlyNotSent: true, retryable: true, status: 421 });
  });

  it('a port where nobody listens', async () => {
    const closed = await startSmtpSink();
    await closed.close();
    const error = await failureOf(createSmtpMailer(plain(closed.port), { timeouts }).send(mail));
    expect(error).toMatchObject({ certainlyNotSent: true, retryable: true });
    expect(error.message).toContain('ECONNREFUSED');
  });

  it('a host that no name server knows', async () => {
    const settings = { ...plain(25), host: 'shop.invalid' };
    const error = await failureOf(createSmtpMailer(settings, { timeouts }).send(mail));
    expect(error).toMatchObject({ certainlyNotSent: true, retryable: true });
  });

  it('encryption that is demanded and not offered', async () => {
    sink = await startSmtpSink();
    const settings = { ...plain(sink.port), secure: 'starttls' } as const;
    const error = await failureOf(createSmtpMailer(settings, { timeouts }).send(mail));
    expect(error).toMatchObject({ certainlyNotSent: true, retryable: false });
    expect(error.message).toContain('encryption');
  });

  it('a certificate that nobody vouches for', async () => {
    sink = await startSmtpSink({ server: { ...loopbackCertificate(), disabledCommands: [] } });
    const settings = { ...plain(sink.port), secure: 'starttls', user: 'house', password: 'opensesame' } as const;
    const error = await failureOf(createSmtpMailer(settings, { timeouts }).send(mail));
    expect(error).toMatchObject({ certainlyNotSent: true, retryable: false });
    expect(error.message).toContain('certificate');
  });

  it('a refused login whose answer quotes the password', async () => {
    sink = await startSmtpSink({
      server: {
        authMethods: ['PLAIN'],
        allowInsecureAuth: true,
        onAuth: ({ password }, _session, next) => next(new Error(`no, not ${password}`)),
      },
    });
    const settings = { ...plain(sink.port), user: 'house', password: 'opensesame' };
    const mailer = createSmtpMailer(settings, { timeouts });
    for (const start of [() => mailer.send(mail), () => mailer.verify()]) {
      const error = await failureOf(start());
      expect(error).toMatchObject({ certainlyNotSent: true, retryable: false, status: 535 });
      expect(error.response).toContain('[secret]');
      expect(`${error.stack} ${JSON.stringify(error)} ${String(error.cause)}`).not.toContain('opensesame');
    }
  });
});

describe('an abort', () => {
  it('before the content leaves nothing behind', async () => {
    sink = await startSmtpSink({ behaviour: 'hang-greeting' });
    const sending = createSmtpMailer(plain(sink.port)).send(mail, { signal: AbortSignal.timeout(50) });
    expect(await failureOf(sending)).toMatchObject({ certainlyNotSent: true, retryable: true });
  });

  it('after the content leaves the outcome unknown', async () => {
    sink = await startSmtpSink({ behaviour: 'hang-content' });
    const controller = new AbortController();
    const sending = failureOf(createSmtpMailer(plain(sink.port)).send(mail, { signal: controller.signal }));
    await expect.poll(() => sink?.received.length).toBe(1);
    controller.abort();
    expect(await sending).toMatchObject({ certainlyNotSent: false, retryable: false });
  });

  it('that has already happened opens no session', async () => {
    sink = await startSmtpSink();
    const sending = createSmtpMailer(plain(sink.port)).send(mail, { signal: AbortSignal.abort() });
    expect(await failureOf(sending)).toMatchObject({ certainlyNotSent: true });
    expect(sink.received).toEqual([]);
  });
});

describe('a mail that would smuggle headers', () => {
  it.each([
    { subject: 'Order\r\nBcc: all@shop.test' },
    { subject: 'Order\nX: y' },
    { to: 'orders@shop.test\r\nBcc: all@shop.test' },
    { to: '"Shop\r\nBcc: all@shop.test" <orders@shop.test>' },
    { to: 'orders@shop.test, all@shop.test' },
    { to: 'orders' },
    { from: 'Majordomo\u0000 <house@home.test>' },
    { messageId: '<a@b>\r\nX: y' },
    { messageId: 'a@b' },
  ])('is refused before anything is opened: %j', async (change) => {
    const error = await failureOf(createSmtpMailer(plain(1), { timeouts }).send({ ...mail, ...change }));
    expect(error).toMatchObject({ certainlyNotSent: true, retryable: false });
    expect(error.message).toMatch(/^The (field|Message-ID)/);
  });
});
