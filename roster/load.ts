import { readdirSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { z } from 'zod';
import { type Butler, type ButlerFile, butlerFileSchema, toButler } from '../contracts/butler.ts';
import { type Environment, fromEnvironment } from './environment.ts';
import { inlineSecrets, redact, secretLines } from './secrets.ts';
import { type FieldPath, fieldLocator, parseToml, TomlSyntaxError } from './toml.ts';

/** One thing that is wrong in the roster, without any value that may be secret. */
export interface RosterProblem {
  /** Relative to the folder that holds the roster. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** Dotted path, empty when the whole file is meant. */
  readonly field: string;
  /** What is wrong and what to do. */
  readonly message: string;
}

/** The roster cannot be served; the message has one line per problem of all files. */
export class RosterError extends Error {
  override readonly name = 'RosterError';
  constructor(readonly problems: readonly RosterProblem[]) {
    const lines = problems.map(
      ({ file, line, field, message }) => `${file}:${line} ${field ? `${field} — ` : ''}${message}`,
    );
    super(
      `The roster has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${lines.join('\n')}`,
    );
  }
}

interface Loaded {
  readonly file: string;
  readonly problems: RosterProblem[];
  readonly butler?: Butler;
  /** The file as it is written, when it is TOML. */
  readonly document?: unknown;
  readonly lineOf?: (path: FieldPath) => number;
}

/**
 * Reads `<directory>/<name>/` of every butler: butler.toml, MANIFESTO.md and CLAUDE.md. In the order of the names.
 * @throws RosterError with every problem of every file.
 */
export function loadRoster({ directory, env }: { directory: string; env: Environment }): Butler[] {
  const names = readdirSync(directory, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map(({ name }) => name)
    .sort();
  const loaded = names.map((name) => loadButler(directory, name, env));
  const problems = [...loaded.flatMap((each) => each.problems), ...conflicts(loaded)];
  if (names.length === 0) {
    problems.push({
      file: basename(directory),
      line: 1,
      field: '',
      message: 'holds no butler: add a folder with a butler.toml.',
    });
  }
  if (problems.length > 0) throw new RosterError(problems);
  return loaded.flatMap(({ butler }) => butler ?? []);
}

function loadButler(directory: string, name: string, env: Environment): Loaded {
  const folder = `${basename(directory)}/${name}`;
  const problems: RosterProblem[] = [];
  const read = (fileName: string) => readText(join(directory, name, fileName), `${folder}/${fileName}`, problems);
  const source = read('butler.toml');
  const texts = { manifesto: read('MANIFESTO.md') ?? '', prompt: read('CLAUDE.md') ?? '' };
  const file = `${folder}/butler.toml`;
  if (source === undefined) return { file, problems };
  const parsed = parseButlerFile({ source, file, name, env });
  problems.push(...parsed.problems);
  return {
    file,
    problems,
    ...(parsed.lineOf && { lineOf: parsed.lineOf, document: parsed.document }),
    ...(parsed.value && problems.length === 0 && { butler: toButler(parsed.value, texts) }),
  };
}

/** The text of a file that must be there, hold something, and hold no secret. */
function readText(path: string, file: string, problems: RosterProblem[]): string | undefined {
  const problem = (line: number, message: string) => problems.push({ file, line, field: '', message });
  let source: string;
  try {
    source = readFileSync(path, 'utf8');
  } catch {
    problem(1, 'cannot be read: every butler has a butler.toml, a MANIFESTO.md and a CLAUDE.md.');
    return undefined;
  }
  if (source.trim() === '') problem(1, 'is empty: write what the butler is for and how it behaves.');
  for (const { line, what } of secretLines(source)) {
    problem(line, `holds ${what}: move it to the environment and name the variable here.`);
  }
  return source;
}

interface ParsedFile extends Omit<Loaded, 'file' | 'butler'> {
  readonly value?: ButlerFile;
}

function parseButlerFile(input: { source: string; file: string; name: string; env: Environment }): ParsedFile {
  const { source, file, name, env } = input;
  const problems: RosterProblem[] = [];
  let document: ReturnType<typeof parseToml>;
  try {
    document = parseToml(source);
  } catch (error) {
    if (!(error instanceof TomlSyntaxError)) throw error;
    problems.push({ file, line: error.line, field: '', message: `is not TOML: ${redact(error.message)}` });
    return { problems };
  }
  const lineOf = fieldLocator(source);
  const refused: FieldPath[] = [];
  const refuse = (path: FieldPath, message: string) => {
    refused.push(path);
    problems.push({ file, line: lineOf(path), field: redact(dotted(path)), message });
  };
  for (const path of inlineSecrets(document))
    refuse(path, 'holds a secret inline: write ${NAME} and set NAME in the environment.');
  const result = butlerFileSchema.safeParse(fromEnvironment(document, env, refuse));
  const covered = (path: FieldPath) => refused.some((outer) => outer.every((key, index) => path[index] === key));
  for (const { path, message } of (result.error?.issues ?? []).flatMap((issue) => explain(issue, document))) {
    if (!covered(path)) refuse(path, message);
  }
  if (result.data && result.data.butler.name !== name) {
    refuse(['butler', 'name'], `must equal its folder, "${name}": rename one of them.`);
  }
  return { problems, document, lineOf, ...(result.data && { value: result.data }) };
}

/** One zod issue as problems that say what to do; an unknown field is a problem of its own. */
function explain(issue: z.core.$ZodIssue, document: unknown): Array<{ path: FieldPath; message: string }> {
  const path = issue.path.map((key) => (typeof key === 'number' ? key : String(key)));
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      path: [...path, key],
      message: 'is not known here: correct its spelling or remove it.',
    }));
  }
  return [{ path, message: sentenceOf(issue, valueAt(document, path) === undefined) }];
}

function sentenceOf(issue: z.core.$ZodIssue, missing: boolean): string {
  const verb = missing ? 'is missing: add it,' : 'must be';
  if (issue.code === 'invalid_type') {
    return `${verb} ${issue.expected === 'object' ? 'a table' : `of type ${issue.expected}`}.`;
  }
  if (issue.code === 'invalid_value') {
    return `${verb} one of ${issue.values.map((value) => JSON.stringify(value)).join(', ')}.`;
  }
  if (issue.code === 'invalid_key') return issue.issues[0]?.message ?? issue.message;
  if (issue.code === 'invalid_union') return issue.errors.flat().at(-1)?.message ?? issue.message;
  return issue.message;
}

function valueAt(document: unknown, path: FieldPath): unknown {
  return path.reduce<unknown>(
    (value, key) => (typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined),
    document,
  );
}

function dotted(path: FieldPath): string {
  return path.map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index > 0 ? '.' : ''}${key}`)).join('');
}

/** What each file alone cannot know: two butlers with one port or schema, or two databases. */
function conflicts(loaded: readonly Loaded[]): RosterProblem[] {
  const problems: RosterProblem[] = [];
  const owners = new Map<string, string>();
  let database: unknown;
  for (const { file, document, lineOf } of loaded) {
    if (!document || !lineOf) continue;
    const problem = (path: FieldPath, message: string) =>
      problems.push({ file, line: lineOf(path), field: dotted(path), message });
    for (const path of [
      ['butler', 'port'],
      ['butler', 'db', 'schema'],
    ]) {
      const value = valueAt(document, path);
      if (value === undefined) continue;
      const key = JSON.stringify([path, value]);
      const other = owners.get(key);
      if (other) problem(path, `is already that of ${other}: choose another.`);
      else owners.set(key, file);
    }
    const name = valueAt(document, ['butler', 'db', 'name']);
    database ??= name;
    if (name !== undefined && name !== database) {
      problem(['butler', 'db', 'name'], 'differs from the other butlers: all share one database.');
    }
  }
  return problems;
}
