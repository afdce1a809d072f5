import { z } from 'zod';
import { approvalExpiresAfter } from './defaults.ts';
import { durationField, environmentName, identifier, text } from './fields.ts';
import { groceriesSchema, type GroceriesSettings } from './groceries-settings.ts';

/** Ports of the butlers that every house has. Source: the port plan of the roster. */
const FIXED_PORTS: Readonly<Record<string, number>> = {
  switchboard: 40100,
  general: 40101,
  relationship: 40102,
  health: 40103,
  messenger: 40104,
};
/** The first and the last port of the other butlers; 40199 is reserved. */
const DOMAIN_PORTS = { first: 40105, last: 40198 } as const;
const RESERVED_SCHEMAS = ['core', 'public', 'information_schema'];
const CRON = /^[\d*/,\-A-Za-z]+( [\d*/,\-A-Za-z]+){4}$/;
const TOOL = /^[a-z][a-z0-9_]{0,63}$/;

/** The names of the environment variables of an SMTP account: the file never holds the values. */
export const smtpVariablesSchema = z.strictObject({
  host_env: environmentName.default('MAJORDOMO_SMTP_HOST'),
  port_env: environmentName.default('MAJORDOMO_SMTP_PORT'),
  secure_env: environmentName.default('MAJORDOMO_SMTP_SECURE'),
  user_env: environmentName.default('MAJORDOMO_SMTP_USER'),
  password_env: environmentName.default('MAJORDOMO_SMTP_PASSWORD'),
  from_env: environmentName.default('MAJORDOMO_SMTP_FROM'),
});
export type SmtpVariables = z.infer<typeof smtpVariablesSchema>;

const telegramVariablesSchema = z.strictObject({
  token_env: environmentName.default('MAJORDOMO_TELEGRAM_TOKEN'),
  owner_id_env: environmentName.default('MAJORDOMO_TELEGRAM_OWNER_ID'),
  webhook_url_env: environmentName.default('MAJORDOMO_TELEGRAM_WEBHOOK_URL'),
  webhook_secret_env: environmentName.default('MAJORDOMO_TELEGRAM_WEBHOOK_SECRET'),
  api_root_env: environmentName.default('MAJORDOMO_TELEGRAM_API_ROOT'),
});

/** How updates come from Telegram, and the names of the variables of its bot. */
export const telegramModuleSchema = z.strictObject({
  mode: z.enum(['polling', 'webhook']).default('polling'),
  bot: telegramVariablesSchema.default(telegramVariablesSchema.parse({})),
});
export type TelegramModule = z.infer<typeof telegramModuleSchema>;

const scheduleSchema = z
  .strictObject({
    name: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, 'is kebab-case, such as "weekly-plan".'),
    cron: z.string().regex(CRON, 'has five fields, such as "0 7 * * 1".'),
    dispatch_mode: z.enum(['prompt', 'job']),
    prompt: text.optional(),
    job_name: text.optional(),
  })
  .refine((value) => value.dispatch_mode !== 'prompt' || (value.prompt !== undefined && value.job_name === undefined), {
    path: ['dispatch_mode'],
    error: '"prompt" needs the field prompt, and no job_name.',
  })
  .refine((value) => value.dispatch_mode !== 'job' || (value.job_name !== undefined && value.prompt === undefined), {
    path: ['dispatch_mode'],
    error: '"job" needs the field job_name, and no prompt.',
  });

const approvalsSchema = z.strictObject({
  expires_after: durationField.default(approvalExpiresAfter),
  gated_tools: z
    .record(
      z.string().regex(TOOL, 'A tool has lower-case letters, digits and underscores.'),
      z.strictObject({ expires_after: durationField.optional() }),
    )
    .default({}),
});

const modulesSchema = z
  .strictObject({
    approvals: approvalsSchema.optional(),
    email: z.strictObject({ bot: smtpVariablesSchema }).optional(),
    groceries: groceriesSchema.optional(),
    telegram: telegramModuleSchema.optional(),
  })
  .refine((value) => value.groceries === undefined || value.approvals !== undefined, {
    path: ['groceries'],
    error: 'spends money, so it needs a gate: add [modules.approvals].',
    when: () => true,
  })
  .refine((value) => value.groceries?.channel !== 'email' || value.email !== undefined, {
    path: ['groceries', 'channel'],
    error: '"email" needs an account to send from: add [modules.email.bot].',
    when: () => true,
  });

/**
 * `butler.toml` as it is written, after `${VAR}` has been replaced. Every table is strict: a field that is not
 * known is an error. Durations come out in milliseconds, money in minor units.
 */
export const butlerFileSchema = z.strictObject({
  butler: z
    .strictObject({
      name: identifier,
      port: z.int(),
      description: text,
      runtime: z.strictObject({
        model: text,
        max_concurrent_sessions: z.int().min(1).max(100).default(1),
        max_queued_sessions: z.int().min(0).max(10_000).default(100),
      }),
      db: z.strictObject({
        name: identifier,
        schema: identifier.refine((value) => !RESERVED_SCHEMAS.includes(value) && !value.startsWith('pg_'), {
          error: "belongs to the house or to Postgres: choose the butler's own name.",
        }),
      }),
      schedule: z.array(scheduleSchema).default([]),
    })
    .refine((value) => portFits(value.name, value.port), {
      path: ['port'],
      error: `is ${DOMAIN_PORTS.first} to ${DOMAIN_PORTS.last}; ${Object.entries(FIXED_PORTS)
        .map(([name, port]) => `${name} has ${port}`)
        .join(', ')}, and nobody else.`,
      when: () => true,
    }),
  runtime: z.strictObject({ type: z.enum(['claude']) }),
  modules: modulesSchema.default({}),
});
export type ButlerFile = z.infer<typeof butlerFileSchema>;

/** One butler, ready to serve: its file, parsed, with the texts that stand beside it. */
export interface Butler {
  readonly name: string;
  readonly port: number;
  readonly description: string;
  /** What it is for; scope is judged by it. */
  readonly manifesto: string;
  /** How it behaves: the system prompt. */
  readonly prompt: string;
  readonly runtime: {
    readonly type: 'claude';
    /** A model's name or an alias: opus, sonnet, haiku. */
    readonly model: string;
    readonly maxConcurrentSessions: number;
    readonly maxQueuedSessions: number;
  };
  readonly db: { readonly name: string; readonly schema: string };
  readonly schedules: ReadonlyArray<z.infer<typeof scheduleSchema>>;
  readonly modules: {
    readonly groceries?: GroceriesSettings;
    readonly approvals?: ApprovalsSettings;
    readonly email?: { readonly bot: SmtpVariables };
    readonly telegram?: TelegramModule;
  };
}

/** How long a question stays open, and what else must be asked. */
export interface ApprovalsSettings {
  /** In ms: then an unanswered gate means no. Default 48 h. */
  readonly expiresAfterMs: number;
  /** Tools that ask although their descriptor does not demand it, by name; each with its own expiry in ms. */
  readonly gatedTools: Readonly<Record<string, { readonly expiresAfterMs: number }>>;
}

/** Puts a parsed file and its two texts together. */
export function toButler(file: ButlerFile, texts: { manifesto: string; prompt: string }): Butler {
  const { butler, modules } = file;
  return {
    name: butler.name,
    port: butler.port,
    description: butler.description,
    ...texts,
    runtime: {
      type: file.runtime.type,
      model: butler.runtime.model,
      maxConcurrentSessions: butler.runtime.max_concurrent_sessions,
      maxQueuedSessions: butler.runtime.max_queued_sessions,
    },
    db: butler.db,
    schedules: butler.schedule,
    modules: {
      ...(modules.groceries && { groceries: modules.groceries }),
      ...(modules.approvals && { approvals: toApprovals(modules.approvals) }),
      ...(modules.email && { email: modules.email }),
      ...(modules.telegram && { telegram: modules.telegram }),
    },
  };
}

function toApprovals({ expires_after, gated_tools }: z.infer<typeof approvalsSchema>): ApprovalsSettings {
  return {
    expiresAfterMs: expires_after,
    gatedTools: Object.fromEntries(
      Object.entries(gated_tools).map(([tool, own]) => [tool, { expiresAfterMs: own.expires_after ?? expires_after }]),
    ),
  };
}

function portFits(name: unknown, port: unknown): boolean {
  if (typeof name !== 'string' || typeof port !== 'number') return true;
  const fixed = FIXED_PORTS[name];
  return fixed === undefined ? port >= DOMAIN_PORTS.first && port <= DOMAIN_PORTS.last : port === fixed;
}
