import type { FieldPath } from './toml.ts';

/** The environment as a process has it. */
export type Environment = Readonly<Record<string, string | undefined>>;

const REFERENCE = /\$\{([A-Z][A-Z0-9_]*)(?::-([^}]*))?\}/g;

/**
 * A copy in which `${NAME}` stands for the environment, in every text at any depth. A variable that is unset or
 * empty takes the default of `${NAME:-default}`; without one it goes to `refuse` with the reason.
 */
export function fromEnvironment(
  value: unknown,
  env: Environment,
  refuse: (path: FieldPath, reason: string) => void,
  path: FieldPath = [],
): unknown {
  if (typeof value === 'string') return replaced(value, env, (reason) => refuse(path, reason));
  if (Array.isArray(value)) return value.map((inner, index) => fromEnvironment(inner, env, refuse, [...path, index]));
  if (typeof value !== 'object' || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, fromEnvironment(inner, env, refuse, [...path, key])]),
  );
}

function replaced(text: string, env: Environment, refuse: (reason: string) => void): string {
  if (text.replace(REFERENCE, '').includes('${')) {
    refuse('holds a reference that cannot be read: write ${NAME} or ${NAME:-default}, in capitals.');
  }
  return text.replace(REFERENCE, (reference, name: string, fallback: string | undefined) => {
    const found = env[name] || fallback;
    if (found === undefined)
      refuse(`needs the environment variable ${name}: set it, or write a default with \${${name}:-…}.`);
    return found ?? reference;
  });
}
