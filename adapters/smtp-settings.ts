import { z } from 'zod';
import { smtpVariablesSchema, type SmtpVariables } from '../contracts/butler.ts';

/** An SMTP account. */
export interface SmtpSettings {
  readonly host: string;
  readonly port: number;
  /** `tls` from the first byte, `starttls` demanded before anything else, `none` only to this machine or without login. */
  readonly secure: 'tls' | 'starttls' | 'none';
  readonly user?: string;
  readonly password?: string;
  /** The sender, plain or as `Name <address>`. */
  readonly from: string;
}

/** The environment does not describe an account; the message names variables and no values. */
export class SmtpSettingsError extends Error {
  override readonly name = 'SmtpSettingsError';
}

/** Source: RFC 8314 (465), RFC 6409 (587), RFC 5321 (25). */
const PORTS = { tls: 465, starttls: 587, none: 25 } as const;
const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1']);

const schema = z
  .object({
    host: z.string().regex(/^[A-Za-z0-9.:_-]+$/, 'is not a host name or address.'),
    port: z.coerce
      .number('is not a port.')
      .int('is not a port.')
      .min(1, 'is not a port.')
      .max(65_535, 'is not a port.')
      .optional(),
    secure: z.enum(['tls', 'starttls', 'none'], 'is tls, starttls or none.').default('starttls'),
    user: z.string().optional(),
    password: z.string().optional(),
    from: z.string('is missing: the address that orders come from.').regex(/^[^\r\n]*@[^\r\n]+$/, 'is not an address.'),
  })
  .refine(({ user, password }) => (user === undefined) === (password === undefined), {
    path: ['password'],
    error: 'and the user belong together: set both or none.',
    when: () => true,
  })
  .refine(({ secure, password, host }) => secure !== 'none' || password === undefined || LOOPBACK.has(host), {
    path: ['secure'],
    error: 'is none, which would show the password to the network: choose tls or starttls.',
  });

/**
 * Reads an account from the environment; undefined when its host is not set. A variable that is empty counts as unset.
 * @throws SmtpSettingsError with all problems.
 */
export function smtpSettings(
  env: Readonly<Record<string, string | undefined>>,
  names: SmtpVariables = smtpVariablesSchema.parse({}),
): SmtpSettings | undefined {
  const variables: Readonly<Record<string, string>> = {
    host: names.host_env,
    port: names.port_env,
    secure: names.secure_env,
    user: names.user_env,
    password: names.password_env,
    from: names.from_env,
  };
  const values = Object.entries(variables).map(([field, name]) => [field, env[name] || undefined] as const);
  const given = Object.fromEntries(values.filter(([, value]) => value !== undefined));
  if (given['host'] === undefined) return undefined;
  const { data, error } = schema.safeParse(given);
  if (error) {
    const problems = error.issues.map(({ path, message }) => `${variables[String(path[0])]} ${message}`);
    throw new SmtpSettingsError(`The mail account is not usable: ${problems.join(' ')}`);
  }
  const { host, secure, from, user, password } = data;
  return {
    host,
    port: data.port ?? PORTS[secure],
    secure,
    from,
    ...(user !== undefined && password !== undefined && { user, password }),
  };
}
