import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { openPromise } from 'yauzl';

const executableBits = 0o111;

/**
 * Unpacks a zip (a wheel is one) into an existing folder, keeping the executable bits.
 * Entries that match `skip` are left out; names that would leave the folder are refused by yauzl.
 */
export async function unpackZip(file: string, folder: string, skip: RegExp): Promise<void> {
  const zip = await openPromise(file);
  for await (const entry of zip.eachEntry()) {
    if (entry.fileName.endsWith('/') || skip.test(entry.fileName)) continue;
    const target = join(folder, entry.fileName);
    await mkdir(dirname(target), { recursive: true });
    const unixMode = entry.externalFileAttributes >>> 16;
    const mode = unixMode & executableBits ? 0o755 : 0o644;
    await pipeline(await zip.openReadStreamPromise(entry), createWriteStream(target, { mode, flush: true }));
  }
}
