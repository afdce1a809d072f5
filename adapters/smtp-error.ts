import { z } from 'zod';

/** Where a send is. `contentSent` is true from the moment that the final dot may have left. */
export interface MailProgress {
  step: 'connect' | 'login' | 'envelope' | 'content';
  contentSent: boolean;
}

interface MailFacts {
  readonly certainlyNotSent: boolean;
  readonly retryable: boolean;
  readonly status?: number | undefined;
  readonly response?: string | undefined;
}

/** A mail that was not accepted, or of which nobody knows. The message names no address and no secret. */
export class MailError extends Error {
  override readonly name = 'MailError';
  /** False: the server may have it. Such a mail is never sent again by itself. */
  readonly certainlyNotSent: boolean;
  /** Another try may succeed; never true when the outcome is unknown. */
  readonly retryable: boolean;
  /** The server's reply code, when it gave one. */
  readonly status: number | undefined;
  /** The server's own words, at most 300 characters, without the password; they may hold addresses. */
  readonly response: string | undefined;

  constructor(message: string, facts: MailFacts) {
    super(message);
    this.certainlyNotSent = facts.certainlyNotSent;
    this.retryable = facts.retryable;
    this.status = facts.status;
    this.response = facts.response;
  }

  /** A mail that no connection is opened for. */
  static refused(message: string): MailError {
    return new MailError(message, { certainlyNotSent: true, retryable: false });
  }
}

const nodemailerError = z.looseObject({
  code: z.string().default('EUNKNOWN'),
  originalCode: z.string().optional(),
  command: z.string().default(''),
  responseCode: z.number().optional(),
  response: z.string().optional(),
  permanent: z.boolean().optional(),
});
type Failure = z.infer<typeof nodemailerError>;

const TRANSIENT = new Set(['ECONNECTION', 'ESOCKET', 'ETIMEDOUT', 'EDNS', 'ABORTED']);
const CERTIFICATE = /CERT|SELF_SIGNED|ALTNAME|UNABLE_TO|^ERR_(?:TLS|SSL)/;

/**
 * Says what an error of nodemailer means for the mail. A lost connection looks the same to nodemailer at every step
 * (command CONN), so the outcome rests on our own progress: before the final dot nothing can be delivered; after it
 * only a reply of 4xx or 5xx says that nothing was.
 */
export function mailErrorFrom(error: unknown, progress: MailProgress, secrets: readonly string[]): MailError {
  const failure = nodemailerError.safeParse(error).data ?? nodemailerError.parse({});
  const status = failure.responseCode;
  const answered = failure.code === 'EMESSAGE' && status !== undefined && status >= 400 && status < 600;
  const certainlyNotSent = !progress.contentSent || answered;
  const facts: MailFacts = {
    certainlyNotSent,
    retryable: certainlyNotSent && isRetryable(failure),
    status,
    response: cleaned(failure.response, secrets),
  };
  if (!certainlyNotSent) {
    return new MailError(
      'The mail server took the message and did not say what became of it: it may have been delivered.',
      facts,
    );
  }
  return new MailError(sentenceOf(failure, progress), facts);
}

function isRetryable({ code, originalCode, responseCode, permanent }: Failure): boolean {
  if (responseCode !== undefined) return permanent === false;
  return TRANSIENT.has(code) && !CERTIFICATE.test(originalCode ?? '');
}

function sentenceOf(failure: Failure, { step }: MailProgress): string {
  const { code, originalCode = code, command, responseCode } = failure;
  const why = responseCode === undefined ? `(${originalCode})` : `(${responseCode})`;
  if (originalCode === 'ABORTED') return 'The send was stopped before the message had left.';
  if (code === 'ETLS' || command === 'STARTTLS')
    return `The mail server offers no encryption that can be trusted ${why}.`;
  if (CERTIFICATE.test(originalCode)) return `The mail server's certificate is not trusted ${why}.`;
  if (code === 'EDNS') return `The mail server's name could not be resolved ${why}.`;
  if (code === 'EAUTH') return `The mail server refused the login ${why}.`;
  if (command === 'MAIL FROM') return `The mail server refused the sender ${why}.`;
  if (command === 'RCPT TO') return `The mail server refused the recipient ${why}.`;
  if (command === 'DATA') return `The mail server refused the message ${why}.`;
  if (step === 'connect') return `The mail server could not be reached ${why}.`;
  return `The connection to the mail server ended before the message was sent ${why}.`;
}

/** A server may quote what it was given. */
function cleaned(response: string | undefined, secrets: readonly string[]): string | undefined {
  return secrets.reduce((text, secret) => text?.replaceAll(secret, '[secret]'), response)?.slice(0, 300);
}
