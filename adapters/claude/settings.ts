import { z } from 'zod';

const aliases = ['opus', 'sonnet', 'haiku'] as const;
type Alias = (typeof aliases)[number];

/** The newest of each family that `@anthropic-ai/sdk` 1.12.0 names. */
const defaultModels: Record<Alias, string> = {
  opus: 'claude-opus-5-5',
  sonnet: 'claude-sonnet-5-5',
  haiku: 'claude-haiku-5-5',
};

const defaultBaseUrl = 'https://api.anthropic.com';

/** How Claude is reached. */
export interface ClaudeSettings {
  readonly kind: 'claude';
  readonly credential: { readonly apiKey: string } | { readonly authToken: string };
  readonly baseUrl: string;
  /** Ids of the aliases. */
  readonly models: Readonly<Record<Alias, string>>;
  /** Id of the model for sessions that name none. */
  readonly model: string;
  /** Id of the cheap model that reads messages; it has to accept a forced tool. */
  readonly extractionModel: string;
}

/** Claude, or no model at all. */
export type ModelSettings = ClaudeSettings | { readonly kind: 'offline' };

/** A variable of the environment is not of its form; the sentence names it and never shows its value. */
export class ModelSettingsError extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'ModelSettingsError';
  }
}

const oneLine = z.string().regex(/^[\x21-\x7e]{1,500}$/, 'must be one word of printable ASCII characters.');
const optional = <T extends z.ZodType>(schema: T) =>
  z.preprocess((value) => (value === '' ? undefined : value), schema.optional());

const isPlainUrl = (value: string) => {
  if (!URL.canParse(value)) return false;
  const url = new URL(value);
  return /^https?:$/.test(url.protocol) && `${url.username}${url.password}${url.search}${url.hash}` === '';
};

const environment = z.object({
  ANTHROPIC_API_KEY: optional(oneLine),
  ANTHROPIC_AUTH_TOKEN: optional(oneLine),
  ANTHROPIC_BASE_URL: optional(z.string().refine(isPlainUrl, 'must be an http or https address without a login.')),
  ANTHROPIC_MODEL: optional(oneLine),
  ANTHROPIC_DEFAULT_OPUS_MODEL: optional(oneLine),
  ANTHROPIC_DEFAULT_SONNET_MODEL: optional(oneLine),
  ANTHROPIC_DEFAULT_HAIKU_MODEL: optional(oneLine),
});

/** The id behind `opus`, `sonnet` or `haiku`; any other name is an id already. */
export function modelId(models: Readonly<Record<Alias, string>>, name: string): string {
  const alias = aliases.find((each) => each === name);
  return alias === undefined ? name : models[alias];
}

/**
 * Reads the model's settings from an environment. Without ANTHROPIC_API_KEY and ANTHROPIC_AUTH_TOKEN the house is
 * offline; with both the key is used. Empty variables count as not set. Throws ModelSettingsError, with all that is
 * wrong in one sentence.
 */
export function modelSettings(env: Readonly<Record<string, string | undefined>>): ModelSettings {
  const parsed = environment.safeParse(env);
  if (!parsed.success) {
    throw new ModelSettingsError(parsed.error.issues.map((each) => `${each.path.join('.')} ${each.message}`).join(' '));
  }
  const given = parsed.data;
  const credential = credentialOf(given.ANTHROPIC_API_KEY, given.ANTHROPIC_AUTH_TOKEN);
  if (credential === null) return { kind: 'offline' };
  const models = {
    opus: given.ANTHROPIC_DEFAULT_OPUS_MODEL ?? defaultModels.opus,
    sonnet: given.ANTHROPIC_DEFAULT_SONNET_MODEL ?? defaultModels.sonnet,
    haiku: given.ANTHROPIC_DEFAULT_HAIKU_MODEL ?? defaultModels.haiku,
  };
  return {
    kind: 'claude',
    credential,
    baseUrl: given.ANTHROPIC_BASE_URL ?? defaultBaseUrl,
    models,
    model: modelId(models, given.ANTHROPIC_MODEL ?? 'sonnet'),
    extractionModel: models.haiku,
  };
}

function credentialOf(apiKey: string | undefined, authToken: string | undefined): ClaudeSettings['credential'] | null {
  if (apiKey !== undefined) return { apiKey };
  return authToken === undefined ? null : { authToken };
}
