import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export const exec = promisify(execFile);

export type EngineName = 'postgres' | 'temporal';

/** An engine that runs on this machine. */
export interface Engine {
  name: EngineName;
  /** First line of the executable's `--version`. */
  version: string;
  source: 'path' | 'cache' | 'download' | 'wheel';
  /** Absolute folder with the executables. */
  bin: string;
}

/** No way led to an engine; the message lists all ways and why each failed. */
export class EngineMissing extends Error {
  override name = 'EngineMissing';
}

/** A fetched file is not the pinned one; nothing of it was unpacked. */
export class EngineTampered extends Error {
  override name = 'EngineTampered';
}

/** First line of `<path> --version`. Rejects when the file does not run. */
export async function versionOf(path: string): Promise<string> {
  const { stdout } = await exec(path, ['--version'], { timeout: 20_000 });
  return stdout.split('\n', 1)[0]?.trim() ?? '';
}

/** One sentence out of an unknown error. */
export function reason(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split('\n').slice(-1)[0] ?? text;
}
