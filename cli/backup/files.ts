import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream } from 'node:fs';
import { open, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Account } from '../engines/account.ts';

/** A tool of the system ended with an error; the message is its own. */
export class ToolFailed extends Error {
  override name = 'ToolFailed';
}

interface RunOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  account?: Account | undefined;
  /** File descriptors for stdin and stdout. */
  input?: number;
  output?: number;
  /** Ends it. */
  signal?: AbortSignal;
}

/** Runs a program to its end; resolves with its stdout unless that goes elsewhere. Throws ToolFailed. */
export async function run(command: string, args: string[], options: RunOptions = {}): Promise<string> {
  const child = spawn(command, args, {
    cwd: options.cwd ?? '/',
    env: options.env ?? { PATH: process.env['PATH'], LC_ALL: 'C' },
    ...(options.account && { uid: options.account.uid, gid: options.account.gid }),
    ...(options.signal && { signal: options.signal }),
    stdio: [options.input ?? 'ignore', options.output ?? 'pipe', 'pipe'],
  });
  let output = '';
  let errors = '';
  child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-4000)));
  await once(child, 'close').catch((error: unknown) => {
    options.signal?.throwIfAborted();
    throw new ToolFailed(`${command} could not be run: ${error instanceof Error ? error.message : String(error)}`);
  });
  if (child.exitCode === 0) return output;
  const lines = errors.trim().split('\n').slice(-3).join(' ');
  throw new ToolFailed(`${command} ended with ${child.exitCode ?? child.signalCode}: ${lines || 'it says no more'}`);
}

/** SHA-256 of a file, hex. */
export async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

/** Every file below a folder, as paths relative to it. */
export async function filesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

/** Puts a file or a folder on the disk, so that it is there after a power cut. */
export async function flush(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** As people read it. */
export const mebibytes = (bytes: number): string => `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
