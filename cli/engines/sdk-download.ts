import { readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { EngineMissing } from './engine.ts';
import { engineTable } from './table.ts';

/**
 * Lets the Temporal SDK fetch the CLI (it starts the server once to do so) and moves the file to `to`.
 * `folder` takes the download and must be on the same file system. Fails within a second without a network.
 */
export async function downloadTemporal(options: {
  to: string;
  folder: string;
  say: (line: string) => void;
}): Promise<void> {
  const { TestWorkflowEnvironment } = await import('@temporalio/testing');
  const version = `v${engineTable.temporal.version}`;
  options.say(`Fetching Temporal ${version} with the SDK's own download …`);
  const started = await TestWorkflowEnvironment.createLocal({
    server: { executable: { type: 'cached-download', downloadDir: options.folder, version } },
  });
  await started.teardown();
  const name = (await readdir(options.folder)).find((file) => file.startsWith('temporal'));
  if (name === undefined) throw new EngineMissing("the SDK's download left no file");
  await rename(join(options.folder, name), options.to);
}
