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

const schema = z.object({
  MAJORDOMO_HOME: z.string().min(1, 'is missing: the folder that holds keys and state.'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/u, error: 'must be a postgres:// URL.' }),
  TEMPORAL_ADDRESS: z.string().regex(/^[^\s/]+:\d{1,5}$/u, 'must be host:port.'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  MAJORDOMO_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
});

/** The environment is not that of a process of the house; one line per variable, never with a value. */
export class EnvironmentInvalid extends Error {
  override readonly name = 'EnvironmentInvalid';
}

/** Parses the environment of worker or api. Throws EnvironmentInvalid with every problem at once. */
export function houseEnvironment(env: NodeJS.ProcessEnv): HouseEnvironment {
  const { data, error } = schema.safeParse(env);
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
