import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** One file of a chain as it was read: what is applied is what was hashed. */
export interface MigrationFile {
  /** `NNNN_what.sql` */
  readonly name: string;
  readonly sql: string;
  /** Of the file's bytes, hex. */
  readonly sha256: string;
}

/** Reads a chain's files in the order of their numbers; hidden files are no part of it. */
export async function readChain(directory: string, chain: string): Promise<MigrationFile[]> {
  const names = (await readdir(join(directory, chain))).filter((name) => !name.startsWith('.')).sort();
  return Promise.all(
    names.map(async (name) => {
      const bytes = await readFile(join(directory, chain, name));
      return { name, sql: bytes.toString('utf8'), sha256: createHash('sha256').update(bytes).digest('hex') };
    }),
  );
}

/**
 * Compares a chain's files with the checksums recorded when they were applied.
 * @param recorded sha256 by file name
 * @returns files as `chain/file`; each problem is a sentence that names its file
 */
export function compareChain(
  chain: string,
  files: readonly MigrationFile[],
  recorded: ReadonlyMap<string, string>,
): { applied: string[]; pending: string[]; problems: string[] } {
  const last = [...recorded.keys()].sort().at(-1) ?? '';
  const present = new Set(files.map(({ name }) => name));
  const problems = [...recorded.keys()]
    .filter((name) => !present.has(name))
    .map((name) => `${chain}/${name} was applied and is missing.`);
  for (const [index, { name, sha256 }] of files.entries()) {
    const path = `${chain}/${name}`;
    if (!/^\d{4}_[a-z0-9_]+\.sql$/.test(name)) problems.push(`${path} is not named NNNN_what.sql.`);
    else if (name.slice(0, 4) === files[index - 1]?.name.slice(0, 4)) problems.push(`${path} has a number twice used.`);
    else if (recorded.has(name) && recorded.get(name) !== sha256)
      problems.push(`${path} was changed after it was applied.`);
    else if (!recorded.has(name) && name < last) problems.push(`${path} is new but stands before ${chain}/${last}.`);
  }
  const paths = (applied: boolean): string[] =>
    files.filter(({ name }) => recorded.has(name) === applied).map(({ name }) => `${chain}/${name}`);
  return { applied: paths(true), pending: paths(false), problems };
}
