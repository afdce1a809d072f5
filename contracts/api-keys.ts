import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { cursor, label, moment, page, scopes } from './api.ts';

/** API keys, as the REST API gives and takes them. */

/** Most days that `expires_in_days` takes: ten years. */
const mostDays = 3_650;
/** Most seconds that a rotated key stays valid: a week. */
const mostGrace = 604_800;

/** A new key: `mj_` and 32 random bytes in base64url. */
export const newApiKey = (): string => `mj_${randomBytes(32).toString('base64url')}`;

/** `rotated`: another key took its place. */
export const keyStates = ['active', 'expired', 'rotated', 'revoked'] as const;
export type KeyState = (typeof keyStates)[number];

const expiry = {
  expires_at: moment.optional().meta({ description: 'When it ends; in the future.' }),
  expires_in_days: z
    .int()
    .min(1)
    .max(mostDays)
    .optional()
    .meta({ description: 'Days from now until it ends, instead of `expires_at`.' }),
};
const oneExpiry = {
  error: 'is given with expires_in_days; give one of the two.',
  path: ['expires_at'],
};
const atMostOne = (body: { expires_at?: unknown; expires_in_days?: unknown }) =>
  body.expires_at === undefined || body.expires_in_days === undefined;

export const createKeySchema = z
  .strictObject({
    name: label(100).meta({ description: 'Who or what has the key, for people.' }),
    scopes: z
      .array(z.enum(scopes))
      .min(1)
      .max(scopes.length)
      .optional()
      .meta({
        description:
          'What it may do; only what the calling key may do itself. Without it: all reading, and the writing that concerns ' +
          'its owner alone.',
      }),
    ...expiry,
  })
  .refine(atMostOne, oneExpiry)
  .meta({ id: 'CreateKey' });
export type CreateKey = z.infer<typeof createKeySchema>;

export const rotateKeySchema = z
  .strictObject({
    ...expiry,
    old_valid_seconds: z
      .int()
      .min(0)
      .max(mostGrace)
      .default(0)
      .meta({ description: 'Seconds for which the old key still works, so that its users can change over.' }),
  })
  .refine(atMostOne, oneExpiry)
  .meta({ id: 'RotateKey', description: 'Without an expiry the new key ends when the old one would have.' });
export type RotateKey = z.infer<typeof rotateKeySchema>;

export const keySchema = z
  .strictObject({
    id: z.uuid(),
    name: z.string(),
    scopes: z.array(z.enum(scopes)),
    status: z.enum(keyStates),
    created_at: moment,
    created_by: z.uuid().nullable().meta({ description: 'The key by which it was made; null for the first.' }),
    rotated_from: z.uuid().nullable().meta({ description: 'The key whose place it took.' }),
    expires_at: moment.nullable(),
    last_used_at: moment.nullable().meta({ description: 'To the minute.' }),
  })
  .meta({ id: 'Key' });
export type ApiKey = z.infer<typeof keySchema>;

export const newKeySchema = z
  .strictObject({
    key: keySchema,
    secret: z.string().nullable().meta({
      description: 'What to send as X-API-Key. Shown once: null in a repeat; who has lost it rotates the key.',
    }),
  })
  .meta({ id: 'NewKey' });
export type NewKey = z.infer<typeof newKeySchema>;

export const keysQuery = z.strictObject({ after: cursor, limit: page });

export const keysSchema = z
  .strictObject({ keys: z.array(keySchema), next: z.string().nullable() })
  .meta({ id: 'Keys' });
