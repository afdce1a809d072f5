import {
  closeSync,
  constants,
  fstatSync,
  ftruncateSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';

export interface LogLimits {
  /** A log that has grown beyond this is put aside. */
  bytes: number;
  /** How many old ones are kept of each, as `<name>.log.1` (the newest) and so on; 0 keeps none. */
  keep: number;
}

/** How often the sizes are looked at, in milliseconds: a loop that logs 1 MiB a second goes 10 MiB beyond its limit. */
const lookEveryMs = 10_000;
const chunkBytes = 64 * 1024;

/** Keeps the logs of a folder small until the returned function is called. */
export function keepLogsSmall(folder: string, limits: LogLimits, say: (line: string) => void): () => void {
  const look = () => {
    try {
      rotateLogs(folder, limits);
    } catch (error) {
      say(`The logs in ${folder} could not be rotated: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  look();
  const timer = setInterval(look, lookEveryMs);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Puts every log aside that is too big. The children write through descriptors that they inherited, so the file itself
 * stays: it is copied, and cut once the copy has caught up. What is written between the last look and the cut, some
 * microseconds, is lost; descriptors that append go on at the new end.
 */
export function rotateLogs(folder: string, { bytes, keep }: LogLimits): void {
  for (const name of readdirSync(folder).filter((each) => each.endsWith('.log'))) {
    const file = openSync(join(folder, name), 'r+');
    try {
      if (fstatSync(file).size > bytes) putAside(join(folder, name), file, keep);
    } finally {
      closeSync(file);
    }
  }
}

function putAside(path: string, file: number, keep: number): void {
  const next = `${path}.next`;
  const copy = openSync(next, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600);
  try {
    copyRest(file, copy);
    ftruncateSync(file, 0);
  } finally {
    closeSync(copy);
  }
  shift(path, keep);
  if (keep > 0) renameSync(next, `${path}.1`);
  else rmSync(next);
}

/** Copies until there is nothing more to read. */
function copyRest(from: number, to: number): void {
  const chunk = Buffer.alloc(chunkBytes);
  for (let at = 0; ; ) {
    const read = readSync(from, chunk, 0, chunkBytes, at);
    if (read === 0) return;
    writeSync(to, chunk, 0, read);
    at += read;
  }
}

/** Each old log becomes one older; those that are too old are removed, also after `keep` was made smaller. */
function shift(path: string, keep: number): void {
  const base = basename(path);
  const numbers = readdirSync(dirname(path))
    .filter((name) => name.startsWith(`${base}.`))
    .map((name) => Number(name.slice(base.length + 1)))
    .filter((number) => Number.isInteger(number) && number > 0);
  for (const number of numbers.sort((a, b) => b - a)) {
    if (number >= keep) rmSync(`${path}.${number}`);
    else renameSync(`${path}.${number}`, `${path}.${number + 1}`);
  }
}
