import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { portSettings } from '../cli/config.ts';
import { freePorts } from '../cli/supervisor/ports.ts';
import { enginesFolder } from './support/engines.ts';

/** Milliseconds for the whole document. */
const mostMs = 900_000;

/** One ```sh block of a document. */
interface Block {
  heading: string;
  line: number;
  code: string;
}

/** The blocks in their order, and the sections that say that theirs are not run. */
function read(document: string): { blocks: Block[]; notRun: string[] } {
  const blocks: Block[] = [];
  const notRun: string[] = [];
  let heading = '';
  let open: Block | undefined;
  for (const [index, text] of document.split('\n').entries()) {
    if (open !== undefined && text === '```') open = undefined;
    else if (open !== undefined) open.code += `${text}\n`;
    else if (text === '```sh') blocks.push((open = { heading, line: index + 1, code: '' }));
    else if (/^#{1,3} /.test(text)) heading = text.replace(/^#+ /, '');
    else if (text.startsWith('**Not run here:**')) notRun.push(heading);
  }
  return { blocks, notRun };
}

/** What the document writes for an id of the reader's own. */
const example = '0a1b2c3d';

/** Shows the first digits of the newest approval that waits, as soon as there is one, or of the newest key that works. */
const idOf = `idOf() {
  case $1 in approve | reject) set -- approvals approvals pending ;; *) set -- "keys list" keys active ;; esac
  until npx majordomo $1 --json | node -e '
    const [, list, status] = process.argv;
    const found = JSON.parse(require("fs").readFileSync(0))[list].find((each) => each.status === status);
    if (found === undefined) process.exit(1);
    console.log(found.id.slice(0, 8));
  ' $2 $3; do sleep 0.2; done
}`;

/** The commands with an id that there is in the place of the example; nothing else is changed. */
const withIds = (code: string) => code.replaceAll(new RegExp(`(\\w+) ${example}`, 'g'), '$1 "$(idOf $1)"');

/** A folder like a fresh clone, with the dependencies of this one. */
function cloneInto(folder: string): void {
  const left = new Set(['.git', 'node_modules', 'coverage', 'dist', '.env']);
  for (const name of readdirSync('.').filter((each) => !left.has(each)))
    cpSync(name, join(folder, name), { recursive: true });
  symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
}

it('every command of docs/operating.md runs as it stands, in its order', { timeout: mostMs + 60_000 }, async () => {
  const { blocks, notRun } = read(readFileSync('docs/operating.md', 'utf8'));
  expect(notRun).toEqual(['Telegram', 'The lasting form: containers']);
  const run = blocks.filter(({ heading }) => !notRun.includes(heading));
  expect(run.length).toBeGreaterThanOrEqual(6);
  const folder = await mkdtemp(join(tmpdir(), 'majordomo-operating-'));
  // As root, Postgres' account passes through.
  chmodSync(folder, 0o711);
  cloneInto(join(folder, 'clone'));
  const steps = run.map(
    ({ heading, line, code }) => `echo '== ${heading.replaceAll("'", '')}, line ${line}'\n${withIds(code)}`,
  );
  // Whatever fails, nothing stays behind.
  writeFileSync(join(folder, 'run.sh'), `trap 'npx majordomo down' EXIT\n${idOf}\n${steps.join('\n')}`);

  const ports = await freePorts(Object.keys(portSettings).length);
  const child = spawn('bash', ['-eu', '-o', 'pipefail', join(folder, 'run.sh')], {
    cwd: join(folder, 'clone'),
    env: {
      PATH: process.env['PATH'],
      HOME: folder,
      NO_COLOR: '1',
      MAJORDOMO_HOME: join(folder, 'house'),
      MAJORDOMO_ENGINES: enginesFolder(),
      // The document's streams end by themselves.
      MAJORDOMO_STREAM_SECONDS: '2',
      ...Object.fromEntries(Object.values(portSettings).map((name, index) => [name, String(ports[index])])),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    // Its own group, so that whatever a step waits for ends with it.
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  // A step that waits for ever is to be seen, with what was said until then.
  const overdue = setTimeout(() => process.kill(-(child.pid ?? 0), 'SIGTERM'), mostMs);
  onTestFinished(async () => {
    clearTimeout(overdue);
    await rm(folder, { recursive: true, force: true, maxRetries: 20 });
  });
  await once(child, 'close');
  expect(child.exitCode === 0 ? '' : output).toBe('');
});
