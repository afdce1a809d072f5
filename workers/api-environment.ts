import { z } from 'zod';
import { defaultLimits, defaultStreamMs, type Limits } from '../contracts/limits.ts';
import { EnvironmentInvalid } from './environment.ts';

/** What the api process is told beyond what every process is. */
export interface ApiEnvironment {
  host: string;
  port: number;
  /** Names besides those of loopback. */
  allowedHosts: string[];
  /** Address of Temporal's UI server, without a slash at its end; null where there is none. */
  webUi: string | null;
  limits: Limits;
  /** Milliseconds after which an event stream ends by itself. */
  streamMs: number;
}

const portRule = 'must be a port from 1 to 65535.';
const port = (standard: number) =>
  z.coerce.number(portRule).int(portRule).min(1, portRule).max(65_535, portRule).default(standard);

const countRule = 'must be a whole number from 1 to 1000000.';
const count = (standard: number) =>
  z.coerce.number(countRule).int(countRule).min(1, countRule).max(1_000_000, countRule).default(standard);

const schema = z.object({
  MAJORDOMO_HOST: z.string().default('127.0.0.1'),
  MAJORDOMO_PORT: port(7780),
  MAJORDOMO_ALLOWED_HOSTS: z
    .string()
    .regex(/^[\w.\-[\]:, ]*$/u, 'must be host names, comma-separated.')
    .default(''),
  MAJORDOMO_QUERIES_PER_MINUTE: count(defaultLimits.queries),
  MAJORDOMO_REQUESTS_PER_MINUTE: count(defaultLimits.requests),
  MAJORDOMO_STREAM_SECONDS: count(defaultStreamMs / 1000),
  TEMPORAL_UI_URL: z.url({ protocol: /^https?$/, error: 'must be an http(s) URL.' }).optional(),
});

/** Parses the api's part of the environment; an empty variable counts as unset. Throws EnvironmentInvalid. */
export function apiEnvironment(env: NodeJS.ProcessEnv): ApiEnvironment {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const { data, error } = schema.safeParse(set);
  if (error !== undefined) {
    throw new EnvironmentInvalid(error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`).join('\n'));
  }
  const names = data.MAJORDOMO_ALLOWED_HOSTS.split(',').map((name) => name.trim());
  return {
    host: data.MAJORDOMO_HOST,
    port: data.MAJORDOMO_PORT,
    allowedHosts: names.filter((name) => name !== ''),
    limits: { queries: data.MAJORDOMO_QUERIES_PER_MINUTE, requests: data.MAJORDOMO_REQUESTS_PER_MINUTE },
    streamMs: data.MAJORDOMO_STREAM_SECONDS * 1000,
    webUi: data.TEMPORAL_UI_URL?.replace(/\/+$/u, '') ?? null,
  };
}
