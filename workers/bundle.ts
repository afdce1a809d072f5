import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode } from '@temporalio/worker';
import { failureConverterPath } from '../adapters/payload-codec.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Everything that can change the bundle: our deterministic code, what it may import, and the locked packages. */
const sources = ['workflows', 'contracts'];
const files = [failureConverterPath, join(root, 'package-lock.json')];

function fingerprint(): string {
  const hash = createHash('sha256');
  const inFolders = sources.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(root, folder, name)),
  );
  for (const path of [...inFolders, ...files].toSorted()) {
    hash.update(path.slice(root.length)).update('\0').update(readFileSync(path)).update('\0');
  }
  return hash.digest('hex').slice(0, 16);
}

/**
 * The path of the workflow bundle that belongs to the sources as they are, built first when there is none. Two builders
 * at once are harmless: the name says the content, and the file appears whole.
 */
export async function workflowBundlePath(directory = join(root, 'dist')): Promise<string> {
  const path = join(directory, `workflows-${fingerprint()}.js`);
  if (!existsSync(path)) {
    const { code } = await bundleWorkflowCode({
      workflowsPath: join(root, 'workflows/index.ts'),
      failureConverterPath,
      logger: { trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing, log: nothing },
    });
    mkdirSync(directory, { recursive: true });
    const whole = `${path}.${process.pid}`;
    writeFileSync(whole, code);
    renameSync(whole, path);
  }
  return path;
}

function nothing(): void {}
