import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const oxlint = join(dirname(createRequire(import.meta.url).resolve('oxlint/package.json')), 'bin/oxlint');
const folder = mkdtempSync(join(tmpdir(), 'majordomo-lint-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** The rules that our configuration finds broken in a file. */
function broken(name: string, source: string): string[] {
  const file = join(folder, name);
  writeFileSync(file, source);
  const { stdout } = spawnSync(process.execPath, [oxlint, '-c', '.oxlintrc.json', '--format', 'unix', file], {
    encoding: 'utf8',
  });
  return [...stdout.matchAll(/\[Error\/([^\]]+)\]$/gm)].map(([, rule]) => rule ?? '');
}

/** In pieces, so that this file does not break what it tests. */
const testFile = (body: string) => `import { describe, expect, it, vi } from 'vitest';
describe('a', () => {
  it('b', async (context) => {
    expect([describe, it, vi, await context]).toBe(1);
  });
});
${body}`;

describe('the linter', () => {
  it('finds nothing in an ordinary test', () => {
    expect(broken('fine.test.ts', testFile(''))).toEqual([]);
  });

  it.each([
    ['vitest(no-restricted-vi-methods)', `vi.mock('./a.ts');`],
    ['vitest(no-restricted-vi-methods)', `vi.doMock('./a.ts');`],
    ['vitest(no-disabled-tests)', `it.skip('c', () => { expect(1).toBe(1); });`],
    ['vitest(no-disabled-tests)', `describe.skip('c', () => { it('d', () => { expect(1).toBe(1); }); });`],
    ['vitest(no-focused-tests)', `it.only('c', () => { expect(1).toBe(1); });`],
    ['vitest(warn-todo)', `it.todo('c');`],
    ['eslint(no-restricted-properties)', `it.skipIf(true)('c', () => { expect(1).toBe(1); });`],
    ['eslint(no-restricted-properties)', `it('c', (context) => { context.skip(); expect(1).toBe(1); });`],
  ])('%s: %s', (rule, body) => {
    expect(broken('forbidden.test.ts', testFile(body))).toContain(rule);
  });

  it('wants files of at most 400 lines', () => {
    expect(broken('long.ts', 'export {};\n'.repeat(400))).not.toContain('eslint(max-lines)');
    expect(broken('long.ts', 'export {};\n'.repeat(401))).toContain('eslint(max-lines)');
  });

  it('refuses any', () => {
    expect(broken('loose.ts', 'export const a = (b: any) => b;\n')).toEqual(['typescript(no-explicit-any)']);
  });
});
