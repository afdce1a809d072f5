import { parse, TomlError, type TomlTable } from 'smol-toml';

/** Where a value stands in a TOML document: table names, keys, and positions in arrays. */
export type FieldPath = ReadonlyArray<string | number>;

/** Longest file that is read, in characters: finding a field's line parses the file once per line. */
export const LONGEST_TOML = 64 * 1024;

/** A document that is not TOML. `line` counts from 1; the message quotes nothing of the document. */
export class TomlSyntaxError extends Error {
  override readonly name = 'TomlSyntaxError';
  constructor(
    message: string,
    readonly line: number,
  ) {
    super(message);
  }
}

/** @throws TomlSyntaxError */
export function parseToml(source: string): TomlTable {
  if (source.length > LONGEST_TOML) throw new TomlSyntaxError(`The file is longer than ${LONGEST_TOML} characters.`, 1);
  try {
    return parse(source, { unsafeKeyBehaviour: 'throw', maxDepth: 20 });
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [sentence = ''] = error.message.split('\n');
    throw new TomlSyntaxError(sentence.replace('Invalid TOML document: ', ''), error.line);
  }
}

/**
 * Finds the line, from 1, of the statement that makes a field: every line at which the document could end is
 * parsed up to, and what is new stands in the statement that ends there. A field that does not exist has the
 * line of the nearest table around it, or 1.
 */
export function fieldLocator(source: string): (path: FieldPath) => number {
  const lines = source.replaceAll('\r\n', '\n').split('\n');
  const found = new Map<string, number>();
  let statement = 1;
  for (let end = 1; end <= lines.length; end += 1) {
    const table = parsed(lines.slice(0, end).join('\n'));
    if (!table) continue;
    for (const path of pathsOf(table)) if (!found.has(path)) found.set(path, statement);
    statement = end + 1;
  }
  return (path) => {
    for (let length = path.length; length > 0; length -= 1) {
      const line = found.get(JSON.stringify(path.slice(0, length)));
      if (line !== undefined) return line;
    }
    return 1;
  };
}

function parsed(source: string): TomlTable | undefined {
  try {
    return parseToml(source);
  } catch {
    return undefined;
  }
}

function* pathsOf(value: unknown, path: FieldPath = []): Generator<string> {
  if (typeof value !== 'object' || value === null || value instanceof Date) return;
  const entries = Array.isArray(value) ? value.entries() : Object.entries(value);
  for (const [key, inner] of entries) {
    const innerPath = [...path, key];
    yield JSON.stringify(innerPath);
    yield* pathsOf(inner, innerPath);
  }
}
