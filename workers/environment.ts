import { z } from 'zod';

/** What every process of the house is told. */
export interface HouseEnvironment {
  /** The state folder. */
  home: string;
  /** Without credentials: worker and api log in as roles with derived passwords. */
  databaseUrl: string;
  /** `host:port` of Temporal's gRPC frontend. */
  temporalAddress: string;
  temporalNamespace: string;
  logLevel: string;
}

/** How much the processes may be told to log, most first. */
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

const schema = z.object({
  MAJORDOMO_HOME: z.string().min(1, 'is missing: the folder that holds keys and state.'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/u, error: 'must be a postgres:// URL.' }),
  TEMPORAL_ADDRESS: z.string().regex(/^[^\s/]+:\d{1,5}$/u, 'must be host:port.'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  MAJORDOMO_LOG_LEVEL: z.enum(logLevels, `must be one of ${logLevels.join(', ')}.`).default('info'),
});

/** The environment is not that of a process of the house; one line per variable, never with a value. */
export class EnvironmentInvalid extends Error {
  override readonly name = 'EnvironmentInvalid';
}

/** Parses the environment of worker or api; an empty variable counts as unset. Throws EnvironmentInvalid with every problem at once. */
export function houseEnvironment(env: NodeJS.ProcessEnv): HouseEnvironment {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const { data, error } = schema.safeParse(set);
  if (error !== undefined) {
    throw new EnvironmentInvalid(error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('\n'));
  }
  return {
    home: data.MAJORDOMO_HOME,
    databaseUrl: data.DATABASE_URL,
    temporalAddress: data.TEMPORAL_ADDRESS,
    temporalNamespace: data.TEMPORAL_NAMESPACE,
    logLevel: data.MAJORDOMO_LOG_LEVEL,
  };
}

/** The values of the environment that no log may show, whatever text they turn up in. */
export function secretValues(env: NodeJS.ProcessEnv): string[] {
  return Object.entries(env).flatMap(([name, value]) => {
    if (value === undefined || !/(_KEYS?|_TOKEN|_PASSWORD|_SECRET)$/u.test(name)) return [];
    // MAJORDOMO_KEYS holds several, each behind its id.
    return name.endsWith('_KEYS') ? value.split(/[\s,]+/u).map((key) => key.replace(/^[^:]*:/u, '')) : [value];
  });
}
