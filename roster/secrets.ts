import type { FieldPath } from './toml.ts';

/** Shapes of well-known secrets, as their providers document them. */
const SECRETS: ReadonlyArray<{ readonly what: string; readonly shape: RegExp }> = [
  { what: 'an API key', shape: /\b(?:sk|rk|pk)-[A-Za-z0-9_-]{16,}/g },
  { what: 'a bot token', shape: /\b\d{6,12}:[A-Za-z0-9_-]{30,}/g },
  { what: 'a private key', shape: /-----BEGIN [A-Z ]*PRIVATE KEY/g },
  { what: 'a password in a URL', shape: /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@"']*:(?!\$\{[A-Z][A-Z0-9_]*\}@)[^\s/@"']+@/gi },
  {
    what: 'an access token',
    shape: /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|xox[abeprs]-[\w-]{10,}|ya29\.[\w-]{20,})/g,
  },
  { what: 'a cloud key', shape: /\b(?:AKIA[0-9A-Z]{16}|AIza[\w-]{35}|GOCSPX-[\w-]{20,})/g },
  { what: 'a signed token', shape: /\beyJ[\w-]{8,}\.eyJ[\w-]{8,}/g },
];
const SECRET_NAME = /(?:password|passwd|secret|token|api_?key|private_?key|credentials?)$/i;
const REFERENCE = /^\$\{[A-Z][A-Z0-9_]*\}$/;

/** Replaces whatever looks like a secret. */
export function redact(text: string): string {
  return SECRETS.reduce((rest, { shape }) => rest.replace(shape, '[secret]'), text);
}

/** The lines, from 1, on which a known secret stands, and what it is. */
export function secretLines(source: string): Array<{ line: number; what: string }> {
  return source.split('\n').flatMap((text, index) => {
    const hit = SECRETS.find(({ shape }) => text.search(shape) !== -1);
    return hit ? [{ line: index + 1, what: hit.what }] : [];
  });
}

/** Fields whose name says that they hold a secret, but whose value is not a reference to the environment. */
export function inlineSecrets(value: unknown, path: FieldPath = []): FieldPath[] {
  if (typeof value !== 'object' || value === null || value instanceof Date) return [];
  const entries = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return entries.flatMap(([key, inner]) => {
    const innerPath = [...path, key];
    if (typeof key !== 'string' || !SECRET_NAME.test(key) || typeof inner === 'object')
      return inlineSecrets(inner, innerPath);
    return typeof inner === 'string' && REFERENCE.test(inner) ? [] : [innerPath];
  });
}
