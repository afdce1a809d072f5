/** Replaces secrets in text and in JSON values. */
export interface Redactor {
  /** Makes values known as secrets; those under 6 characters are too common to be replaced and are ignored. */
  add(...secrets: string[]): void;
  /** A text without known secrets and without credentials in URLs. */
  text(value: string): string;
  /** A copy of a JSON value, redacted at any depth: fields by their names, all strings by {@link Redactor.text}. */
  value(value: unknown): unknown;
}

const redacted = '[redacted]';
const shortest = 6;
/** Names of fields that are secret whatever they hold; compared without case, `-` and `_`. */
const secretFields = new Set([
  'accesstoken',
  'apikey',
  'authorization',
  'authtoken',
  'clientsecret',
  'code',
  'cookie',
  'idtoken',
  'passphrase',
  'passwd',
  'password',
  'privatekey',
  'proxyauthorization',
  'refreshtoken',
  'secret',
  'setcookie',
  'token',
  'xapikey',
]);
/** In errors `code` says what went wrong, but Postgres puts rows into these. */
const privateErrorFields = new Set(['detail', 'where', 'internalquery', 'parameters']);
const urlCredentials = /([a-z][a-z0-9+.-]*:\/\/)[^\s/?#"']*@/gi;

/** @param initial values that are secret from the start */
export function createRedactor(initial: readonly string[] = []): Redactor {
  const known = new Set<string>();
  const redactor: Redactor = {
    add: (...secrets) => {
      for (const secret of secrets.filter(({ length }) => length >= shortest)) {
        known.add(secret);
        known.add(encodeURIComponent(secret));
        known.add(JSON.stringify(secret).slice(1, -1));
      }
    },
    text: (value) => {
      let text = value;
      // The longest first: a secret may contain another.
      for (const secret of [...known].sort((a, b) => b.length - a.length)) text = text.replaceAll(secret, redacted);
      return text.replace(urlCredentials, `$1${redacted}@`);
    },
    value: (value) => {
      if (typeof value === 'string') return redactor.text(value);
      if (typeof value === 'number') return known.has(String(value)) ? redacted : value;
      if (Array.isArray(value)) return value.map((item) => redactor.value(item));
      if (typeof value !== 'object' || value === null) return value;
      const isError = 'stack' in value;
      return Object.fromEntries(
        Object.entries(value).map(([name, field]) => [
          redactor.text(name),
          isSecret(name, isError) && field !== null ? redacted : redactor.value(field),
        ]),
      );
    },
  };
  redactor.add(...initial);
  return redactor;
}

function isSecret(name: string, inError: boolean): boolean {
  const plain = name.toLowerCase().replace(/[-_]/g, '');
  return inError
    ? plain !== 'code' && (secretFields.has(plain) || privateErrorFields.has(plain))
    : secretFields.has(plain);
}
