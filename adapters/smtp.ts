import { Readable } from 'node:stream';
import addressparser from 'nodemailer/lib/addressparser';
import MailComposer from 'nodemailer/lib/mail-composer';
import SMTPConnection from 'nodemailer/lib/smtp-connection';
import { z } from 'zod';
import { MailError, mailErrorFrom, type MailProgress } from './smtp-error.ts';
import type { SmtpSettings } from './smtp-settings.ts';

/** One order. Addresses are single ones, plain or as `Name <address>`. */
export interface OrderMail {
  /** Stable over all tries, in angle brackets: the shop and the Sent folder know the order by it. */
  readonly messageId: string;
  readonly to: string;
  readonly from: string;
  readonly subject: string;
  readonly text: string;
}

/** Sends orders. At most one delivery per call; what an error says of it stands in `MailError.certainlyNotSent`. */
export interface OrderMailer {
  /** @throws MailError; after an abort too. */
  send(
    mail: OrderMail,
    options?: { signal?: AbortSignal },
  ): Promise<{ accepted: true; response: string; messageId: string }>;
  /** Connects and logs in, sends nothing. @throws MailError */
  verify(options?: { signal?: AbortSignal }): Promise<void>;
}

/** Limits in ms: `connection` from the DNS lookup to the end of STARTTLS, `socket` for each silence of the server. */
export interface SmtpTimeouts {
  readonly connection: number;
  readonly greeting: number;
  readonly socket: number;
}

/** RFC 5321 4.5.3.2 allows minutes; a household's one order rather fails early and is tried again. */
export const DEFAULT_SMTP_TIMEOUTS: SmtpTimeouts = { connection: 5000, greeting: 5000, socket: 60_000 };

const CHUNK_BYTES = 16_384;
const MESSAGE_ID = /^<[^\s<>@]+@[^\s<>@]+>$/;
// A line break in a header would begin another header, or the body.
const UNSAFE_HEADER = /\p{Cc}/u;
const mailAddress = z.email();

/**
 * A mailer on one SMTP account; a connection per mail.
 * `ca`: the PEM certificates to trust instead of the system's, for a server with its own authority.
 */
export function createSmtpMailer(
  settings: SmtpSettings,
  { timeouts = DEFAULT_SMTP_TIMEOUTS, ca }: { timeouts?: SmtpTimeouts; ca?: string } = {},
): OrderMailer {
  const openSession = <T>(progress: MailProgress, signal: AbortSignal | undefined, use: Use<T>) =>
    inSession(connectionOptions(settings, timeouts, ca), settings, progress, signal, use);
  return {
    async send(mail, { signal } = {}) {
      const { envelope, message } = await compose(mail);
      const progress: MailProgress = { step: 'connect', contentSent: false };
      const response = await openSession(progress, signal, (connection) => {
        progress.step = 'envelope';
        return transmit(connection, envelope, message, progress);
      });
      return { accepted: true, response, messageId: mail.messageId };
    },
    async verify({ signal } = {}) {
      await openSession({ step: 'connect', contentSent: false }, signal, () => Promise.resolve());
    },
  };
}

type Use<T> = (connection: SMTPConnection) => Promise<T>;

function connectionOptions(settings: SmtpSettings, timeouts: SmtpTimeouts, ca: string | undefined) {
  return {
    host: settings.host,
    port: settings.port,
    secure: settings.secure === 'tls',
    requireTLS: settings.secure === 'starttls',
    ignoreTLS: settings.secure === 'none',
    connectionTimeout: timeouts.connection,
    greetingTimeout: timeouts.greeting,
    socketTimeout: timeouts.socket,
    tls: { minVersion: 'TLSv1.2', ...(ca !== undefined && { ca }) } as const,
  };
}

/** Connects, logs in when there is an account, runs `use`, and closes whatever happens. */
async function inSession<T>(
  options: ConstructorParameters<typeof SMTPConnection>[0],
  { user, password }: SmtpSettings,
  progress: MailProgress,
  signal: AbortSignal | undefined,
  use: Use<T>,
): Promise<T> {
  const connection = new SMTPConnection(options);
  let stop: (error: Error) => void = () => undefined;
  const broken = new Promise<never>((_, reject) => {
    stop = reject;
  });
  broken.catch(() => undefined);
  const onAbort = () => stop(Object.assign(new Error('aborted'), { code: 'ABORTED' }));
  connection.on('error', stop);
  signal?.addEventListener('abort', onAbort, { once: true });
  const session = async () => {
    await settled((done) => connection.connect(done));
    if (user !== undefined && password !== undefined) {
      progress.step = 'login';
      await settled((done) => connection.login({ user, pass: password }, done));
    }
    return use(connection);
  };
  try {
    if (signal?.aborted) onAbort();
    return await Promise.race([broken, session()]);
  } catch (error) {
    throw mailErrorFrom(error, progress, secretsOf(user, password));
  } finally {
    signal?.removeEventListener('abort', onAbort);
    connection.close();
  }
}

/** Envelope and content. `contentSent` is set before the final dot can be written: at most two chunks too early. */
function transmit(
  connection: SMTPConnection,
  envelope: { from: string; to: string[] },
  message: Buffer,
  progress: MailProgress,
): Promise<string> {
  // Pulled only after the server has asked for the content (354).
  async function* content() {
    progress.step = 'content';
    for (let start = 0; start < message.length; start += CHUNK_BYTES)
      yield message.subarray(start, start + CHUNK_BYTES);
    progress.contentSent = true;
  }
  return new Promise((resolve, reject) => {
    connection.send({ ...envelope, size: message.length }, Readable.from(content()), (error, info) => {
      if (error) reject(error);
      else resolve(info?.response ?? '');
    });
  });
}

/** The password in the forms that a server may quote. */
function secretsOf(user: string | undefined, password: string | undefined): string[] {
  if (!password) return [];
  const base64 = (value: string) => Buffer.from(value).toString('base64');
  return [base64(`\0${user}\0${password}`), base64(password), password];
}

async function compose(mail: OrderMail) {
  const unsafe = (['from', 'to', 'subject', 'messageId'] as const).find((field) => UNSAFE_HEADER.test(mail[field]));
  if (unsafe) throw MailError.refused(`The field ${unsafe} holds a line break or a control character.`);
  if (!MESSAGE_ID.test(mail.messageId)) throw MailError.refused('The Message-ID is not of the form <id@domain>.');
  const envelope = { from: addressOf(mail.from, 'from'), to: [addressOf(mail.to, 'to')] };
  const composer = new MailComposer({ ...mail, disableFileAccess: true, disableUrlAccess: true });
  return { envelope, message: await composer.compile().build() };
}

function addressOf(value: string, field: string): string {
  const [only, ...others] = addressparser(value, { flatten: true });
  if (!only || others.length > 0 || !mailAddress.safeParse(only.address).success) {
    throw MailError.refused(`The field ${field} is not one e-mail address.`);
  }
  return only.address;
}

function settled(start: (done: (error?: Error | null) => void) => void): Promise<void> {
  return new Promise((resolve, reject) => start((error) => (error ? reject(error) : resolve())));
}
