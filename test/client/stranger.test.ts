import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
const tsx = pathToFileURL(require.resolve('tsx')).href;
const folder = mkdtempSync(join(tmpdir(), 'majordomo-stranger-'));

const head = `import { createClient, HouseUnreachable, parseResponse, readEvents } from 'majordomo/client';
const house = createClient({ address: 'http://127.0.0.1:9', key: 'mj_' });`;

const right = `${head}
const { approvals } = await parseResponse(house.approvals.$get({ query: { status: 'pending', limit: 10 } }));
const cards: string[] = approvals.map(({ card }) => card);
const decided = await parseResponse(
  house.approvals[':id'].decide.$post({ param: { id: approvals[0]!.id }, json: { verdict: 'reject', feedback: 'no' } }),
);
const board = await parseResponse(house.pipelines[':chain'].board.$get({ param: { chain: 'groceries' } }));
const counts: number[] = board.stages.map(({ counts }) => counts.open);
const { signal } = new AbortController();
const events = readEvents((options) => house.approvals.events.$get({ query: {} }, options), { signal });
export { cards, counts, decided, events };`;

const wrong = `${head}
export const nothing = house.nothing.$get();
export const status = house.approvals.$get({ query: { status: 'maybe' } });
export const verdict = house.approvals[':id'].decide.$post({ param: { id: 'a' }, json: { verdict: 'perhaps' } });
export const field = (await parseResponse(house.pipelines.$get())).boards;`;

const run = `${head}
const error: unknown = await parseResponse(house.pipelines.$get()).catch((thrown: unknown) => thrown);
console.log(error instanceof HouseUnreachable ? error.message : error);`;

/** A project of somebody else, which has the house as a dependency. */
beforeAll(() => {
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(root, join(folder, 'node_modules/majordomo'));
  symlinkSync(join(root, 'node_modules/@types'), join(folder, 'node_modules/@types'));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  const compilerOptions = {
    target: 'ES2023',
    module: 'NodeNext',
    lib: ['ES2024'],
    types: ['node'],
    strict: true,
    noEmit: true,
    skipLibCheck: true,
    allowImportingTsExtensions: true,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['*.ts'] }));
  for (const [name, source] of Object.entries({ right, wrong, run })) writeFileSync(join(folder, `${name}.ts`), source);
});
afterAll(() => rmSync(folder, { recursive: true }));

const node = (args: string[]) =>
  new Promise<string>((resolve) => execFile(process.execPath, args, { cwd: folder }, (_, stdout) => resolve(stdout)));

describe('the client, imported by the name of the package', { timeout: 120_000 }, () => {
  test('is typed from the path to the answer', async () => {
    const found = (await node([tsc, '-p', folder])).match(/^\S+\(\d+(?=,\d+\): error)/gm);
    expect(found).toEqual([3, 4, 5, 6].map((line) => `wrong.ts(${line}`));
  });

  test('runs', async () => {
    expect(await node(['--import', tsx, 'run.ts'])).toBe('The house does not answer at http://127.0.0.1:9.\n');
  });
});
