import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs';

/** A file of JSON lines; a line that was written stays, whatever is killed then. Without a path nothing is kept. */
export function openLog(path: string | undefined) {
  const file = path === undefined ? undefined : openSync(path, 'a');
  return {
    write(line: object): void {
      if (file === undefined) return;
      writeSync(file, `${JSON.stringify(line)}\n`);
      fsyncSync(file);
    },
    close(): void {
      if (file !== undefined) closeSync(file);
    },
  };
}
