import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const require = createRequire(import.meta.url);
const tsc = join(dirname(require.resolve('typescript/package.json')), 'bin/tsc');
const folder = mkdtempSync(join(tmpdir(), 'majordomo-stranger-'));

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
});
afterAll(() => rmSync(folder, { recursive: true }));

function check(source: string): string {
  writeFileSync(join(folder, 'index.ts'), source);
  return spawnSync(process.execPath, [tsc, '-p', folder], { encoding: 'utf8', cwd: folder }).stdout;
}

const head = `import { createClient, HouseUnreachable, parseResponse } from 'majordomo/client';
const house = createClient({ address: 'http://127.0.0.1:9', key: 'mj_' });\n`;

describe('the client, imported by the name of the package', () => {
  test('is typed from the path to the answer', () => {
    const source = `${head}
const { approvals } = await parseResponse(house.approvals.$get({ query: { status: 'pending', limit: 10 } }));
const cards: string[] = approvals.map(({ card }) => card);
const decided = await parseResponse(
  house.approvals[':id'].decide.$post({ param: { id: approvals[0]!.id }, json: { verdict: 'reject', feedback: 'no' } }),
);
const board = await parseResponse(house.pipelines[':chain'].board.$get({ param: { chain: 'groceries' } }));
const counts: number[] = board.stages.map(({ counts }) => counts.open);
export { cards, counts, decided };`;
    expect(check(source)).toBe('');
  });

  test('refuses what the house does not know', () => {
    const wrong = [
      `house.nothing.$get()`,
      `house.approvals.$get({ query: { status: 'maybe' } })`,
      `house.approvals[':id'].decide.$post({ param: { id: 'a' }, json: { verdict: 'perhaps' } })`,
      `(await parseResponse(house.pipelines.$get())).boards`,
    ];
    const source = `${head}export const wrong = [\n${wrong.join(',\n')},\nHouseUnreachable];`;
    const lines = [...check(source).matchAll(/^index\.ts\((\d+),/gm)].map(([, line]) => Number(line));
    expect(lines).toEqual([4, 5, 6, 7]);
  });

  test('runs', () => {
    writeFileSync(
      join(folder, 'run.ts'),
      `${head}
const error: unknown = await parseResponse(house.pipelines.$get()).catch((thrown: unknown) => thrown);
console.log(error instanceof HouseUnreachable ? error.message : error);`,
    );
    const tsx = pathToFileURL(require.resolve('tsx')).href;
    const ran = spawnSync(process.execPath, ['--import', tsx, 'run.ts'], { encoding: 'utf8', cwd: folder });
    expect(ran).toMatchObject({ stdout: 'The house does not answer at http://127.0.0.1:9.\n', status: 0 });
  });
});
