import { z } from 'zod';
import { DurationError, parseDuration } from './duration.ts';

/** A non-empty line or text without control characters other than line breaks and tabs. */
export const text = z
  .string()
  .trim()
  .min(1, 'must not be empty.')
  .max(10_000, 'is longer than 10000 characters.')
  .refine((value) => !/[^\P{Cc}\n\r\t]/u.test(value), 'must not hold control characters.');

/** A name that Postgres, folders and queues all take: lower case, digits and underscores, at most 40 characters. */
export const identifier = z
  .string()
  .regex(
    /^[a-z][a-z0-9_]{0,39}$/,
    'begins with a lower-case letter and has lower-case letters, digits and underscores.',
  );

/** The name of an environment variable, not its value. */
export const environmentName = z
  .string()
  .regex(
    /^[A-Z][A-Z0-9_]{0,99}$/,
    'holds the name of an environment variable such as "MAIL_PASSWORD", never the value.',
  );

/** "48h" → milliseconds. */
export const durationField = z.string().transform((value, context) => {
  try {
    return parseDuration(value);
  } catch (error) {
    if (!(error instanceof DurationError)) throw error;
    context.issues.push({ code: 'custom', message: error.message, input: value });
    return z.NEVER;
  }
});
