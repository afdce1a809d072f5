import { z } from 'zod';
import { modelSettings } from '../adapters/claude/settings.ts';
import { smtpSettings } from '../adapters/smtp-settings.ts';
import { telegramSettings } from '../adapters/telegram/settings.ts';
import { telegramModuleSchema } from '../contracts/butler.ts';
import { logLevels } from '../workers/environment.ts';
import { homeAt, homePath } from './home.ts';
import type { Home } from './home.ts';
import type { LogLimits } from './supervisor/logs.ts';

/** Everything that the environment decides about the house's own processes. */
export interface Config {
  home: Home;
  /** Address that the API listens on. */
  host: string;
  ports: {
    api: number;
    postgres: number;
    temporal: number;
    temporalHttp: number;
    temporalMetrics: number;
  };
  /** The owner's URL of a database that is not ours to start. */
  databaseUrl: string | undefined;
  /** `host:port` of a Temporal server that is not ours to start. */
  temporalAddress: string | undefined;
  temporalNamespace: string;
  logs: LogLimits;
  /** What the panel says about the model. */
  model: string;
  /** Ways to talk to the house that this environment gives. */
  channels: string[];
}

/** The environment cannot be used; the message has one line per variable, never with a value that may be secret. */
export class ConfigInvalid extends Error {
  override name = 'ConfigInvalid';
}

/** The variable that changes each port. */
export const portSettings = {
  api: 'MAJORDOMO_PORT',
  postgres: 'MAJORDOMO_POSTGRES_PORT',
  temporal: 'MAJORDOMO_TEMPORAL_PORT',
  temporalHttp: 'MAJORDOMO_TEMPORAL_HTTP_PORT',
  temporalMetrics: 'MAJORDOMO_TEMPORAL_METRICS_PORT',
} as const satisfies Record<keyof Config['ports'], string>;

const portUses = ['api', 'postgres', 'temporal', 'temporalHttp', 'temporalMetrics'] as const;
const portRule = 'must be a port from 1 to 65535';
const port = (standard: number) =>
  z.coerce.number(portRule).int(portRule).min(1, portRule).max(65_535, portRule).default(standard);

const count = (least: number, most: number, standard: number) => {
  const rule = `must be a whole number from ${least} to ${most}`;
  return z.coerce.number(rule).int(rule).min(least, rule).max(most, rule).default(standard);
};

const environment = z.object({
  MAJORDOMO_HOST: z.union([z.ipv4(), z.ipv6(), z.literal('localhost')], 'must be an IP address').default('127.0.0.1'),
  MAJORDOMO_PORT: port(7780),
  MAJORDOMO_POSTGRES_PORT: port(7754),
  // Temporal's own default for gRPC; the others follow the same pattern.
  MAJORDOMO_TEMPORAL_PORT: port(7233),
  MAJORDOMO_TEMPORAL_HTTP_PORT: port(7243),
  MAJORDOMO_TEMPORAL_METRICS_PORT: port(7253),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'must be a postgres:// URL' }).optional(),
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^\s/:]+:\d{1,5}$/, 'must be host:port')
    .optional(),
  TEMPORAL_NAMESPACE: z
    .string()
    .regex(/^[A-Za-z0-9][\w.-]*$/, 'must be a namespace name')
    .default('default'),
  MAJORDOMO_LOG_MIB: count(1, 1024, 10),
  MAJORDOMO_LOG_KEEP: count(0, 100, 5),
  // Worker and api read it; here it is checked before they start.
  MAJORDOMO_LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(', ')}`).optional(),
});

/** Parses the environment; an empty variable counts as unset. Throws ConfigInvalid with every error at once. */
export function loadConfig(env: NodeJS.ProcessEnv): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = environment.safeParse(set);
  const problems = (parsed.error?.issues ?? []).map((issue) => `${issue.path.join('.')} ${issue.message}.`);
  const model = orProblem(() => modelOf(env), problems);
  const mail = orProblem(() => smtpSettings(env), problems);
  const mode = env['MAJORDOMO_TELEGRAM_MODE'] === 'webhook' ? 'webhook' : 'polling';
  const telegram = orProblem(() => telegramSettings(env, telegramModuleSchema.parse({ mode })), problems);
  const ports = parsed.data && portsIn(parsed.data);
  problems.push(...(ports === undefined ? [] : doubledPorts(ports)));
  if (parsed.data === undefined || ports === undefined || model === undefined || problems.length > 0) {
    throw new ConfigInvalid(problems.join('\n'));
  }
  return {
    home: homeAt(homePath(env), env['MAJORDOMO_ENGINES'] || undefined),
    host: parsed.data.MAJORDOMO_HOST,
    ports,
    databaseUrl: parsed.data.DATABASE_URL,
    temporalAddress: parsed.data.TEMPORAL_ADDRESS,
    temporalNamespace: parsed.data.TEMPORAL_NAMESPACE,
    logs: { bytes: parsed.data.MAJORDOMO_LOG_MIB * 1024 * 1024, keep: parsed.data.MAJORDOMO_LOG_KEEP },
    model,
    channels: [
      'REST',
      'console',
      ...(mail === undefined ? [] : ['email']),
      ...(telegram === undefined ? [] : ['Telegram']),
    ],
  };
}

function orProblem<T>(read: () => T, problems: string[]): T | undefined {
  try {
    return read();
  } catch (error) {
    problems.push(error instanceof Error ? error.message : String(error));
    return undefined;
  }
}

function portsIn(data: z.infer<typeof environment>): Config['ports'] {
  return {
    api: data.MAJORDOMO_PORT,
    postgres: data.MAJORDOMO_POSTGRES_PORT,
    temporal: data.MAJORDOMO_TEMPORAL_PORT,
    temporalHttp: data.MAJORDOMO_TEMPORAL_HTTP_PORT,
    temporalMetrics: data.MAJORDOMO_TEMPORAL_METRICS_PORT,
  };
}

function doubledPorts(ports: Config['ports']): string[] {
  const seen = new Map<number, string>();
  return portUses.flatMap((use) => {
    const other = seen.get(ports[use]);
    seen.set(ports[use], portSettings[use]);
    return other === undefined ? [] : [`${portSettings[use]} and ${other} are both ${ports[use]}.`];
  });
}

function modelOf(env: NodeJS.ProcessEnv): string {
  const settings = modelSettings(env);
  if (settings.kind === 'offline') return 'offline (set ANTHROPIC_API_KEY for Claude)';
  return settings.model === settings.extractionModel
    ? settings.model
    : `${settings.model}, reading with ${settings.extractionModel}`;
}
