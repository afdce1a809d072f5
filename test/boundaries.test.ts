import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { importsOf } from './support/imports.ts';

/** Paths of our own, as folders or files. */
interface Allowed {
  values: readonly string[];
  /** Besides those that are allowed as values. */
  types?: readonly string[];
}

/** What a workflow may carry into its bundle. */
const plainContracts = ['names', 'messages', 'failures', 'defaults'].map((name) => `contracts/${name}.ts`);
const belowWorkers = ['contracts', 'adapters', 'activities', 'schedules', 'roster', 'api', 'client', 'workers', 'cli'];
const everything = [...belowWorkers, 'workflows', 'test', 'bench'];

/** Who may import whom, besides its own folder; docs/architecture.md says why. */
const table: Readonly<Record<string, Allowed>> = {
  contracts: { values: [] },
  workflows: { values: plainContracts, types: ['contracts'] },
  activities: { values: ['contracts'], types: ['adapters'] },
  adapters: { values: ['contracts'] },
  schedules: { values: ['contracts'] },
  roster: { values: ['contracts'] },
  api: { values: ['contracts', 'roster', 'schedules'], types: ['workflows'] },
  client: { values: ['contracts', 'api'] },
  workers: { values: belowWorkers },
  cli: { values: belowWorkers },
  test: { values: everything },
  bench: { values: everything },
};

/** Packages whose values reach a workflow: each costs memory per cached workflow, and must be deterministic. */
const workflowPackages = ['@temporalio/workflow', '@temporalio/common'];

const within = (target: string, places: readonly string[]) =>
  places.some((place) => target === place || target.startsWith(`${place}/`));

/** One sentence per import of the file that the table forbids. */
function violations(file: string, source: string): string[] {
  const folder = file.includes('/') ? (file.split('/')[0] ?? '') : '';
  const rule = folder === '' ? { values: [] } : table[folder];
  if (rule === undefined) return [`${file}: ${folder}/ has no place in the table`];
  return importsOf(file, source).flatMap(({ specifier, kind, line }) => {
    const complaint = complaintAbout(file, folder, rule, specifier, kind);
    return complaint === undefined ? [] : [`${file}:${line} ${complaint}`];
  });
}

function complaintAbout(
  file: string,
  folder: string,
  rule: Allowed,
  specifier: string | undefined,
  kind: 'type' | 'value',
) {
  if (specifier === undefined) return 'imports what it computes';
  if (specifier.startsWith('/') || specifier.startsWith('#') || /^(file|data|https?):/.test(specifier)) {
    return `imports ${specifier} other than by a relative path`;
  }
  if (!specifier.startsWith('.')) return complaintAboutPackage(file, folder, specifier, kind);
  const target = posix.join(posix.dirname(file), specifier);
  if (plainContracts.includes(file) && kind === 'value') {
    return plainContracts.includes(target) ? undefined : `brings ${target} into the workflows`;
  }
  const allowed = kind === 'type' ? [...rule.values, ...(rule.types ?? [])] : rule.values;
  return within(target, [folder, ...allowed]) ? undefined : `imports a ${kind} from ${target}`;
}

function complaintAboutPackage(file: string, folder: string, specifier: string, kind: 'type' | 'value') {
  const inBundle = folder === 'workflows' || plainContracts.includes(file);
  if (inBundle && kind === 'value' && !workflowPackages.includes(specifier))
    return `brings ${specifier} into the workflows`;
  const first = file === 'cli/bootstrap.mjs' && !specifier.startsWith('node:');
  return first && specifier !== 'tsx/esm/api' ? `imports ${specifier} before anything is installed` : undefined;
}

/** Every source of ours, relative to the root. */
const files = readdirSync('.', { withFileTypes: true })
  .filter(({ name }) => !['node_modules', 'dist', 'coverage', '.git'].includes(name))
  .flatMap((entry) =>
    entry.isDirectory()
      ? readdirSync(entry.name, { recursive: true, encoding: 'utf8' }).map(
          (path) => `${entry.name}/${path.replaceAll('\\', '/')}`,
        )
      : [entry.name],
  )
  .filter((path) => /\.[cm]?[jt]sx?$/.test(path));

describe('who may import whom', () => {
  it('holds in every file', () => {
    expect(files.length).toBeGreaterThan(150);
    expect(files.flatMap((file) => violations(file, readFileSync(file, 'utf8')))).toEqual([]);
  });

  it('speaks of folders that exist', () => {
    const folders = new Set(files.filter((file) => file.includes('/')).map((file) => file.split('/')[0]));
    expect(Object.keys(table).filter((folder) => folder !== 'bench' && !folders.has(folder))).toEqual([]);
  });

  it.each([
    ['contracts/x.ts', `import { a } from '../adapters/a.ts'`],
    ['contracts/x.ts', `import type { A } from '../activities/a.ts'`],
    ['contracts/messages.ts', `import { z } from 'zod'`],
    ['contracts/names.ts', `export { money } from './money.ts'`],
    ['workflows/x.ts', `import { order } from '../contracts/order.ts'`],
    ['workflows/x.ts', `import { type Order } from '../contracts/order.ts'`],
    ['workflows/x.ts', `export * from '../contracts/order.ts'`],
    ['workflows/x.ts', `import type { A } from '../activities/a.ts'`],
    ['workflows/x.ts', `import { z } from 'zod'`],
    ['workflows/x.ts', `import { readFile } from 'node:fs'`],
    ['workflows/pipelines/x.ts', `import { A } from '../../adapters/a.ts'`],
    ['activities/x.ts', `import { a } from '../adapters/a.ts'`],
    ['activities/x.ts', `import '../adapters/a.ts'`],
    ['activities/chains/x.ts', 'const a = await import(`../../adapters/a.ts`)'],
    ['activities/x.ts', `import type { A } from '../workflows/a.ts'`],
    ['adapters/x.ts', `import type { A } from '../activities/a.ts'`],
    ['adapters/store/x.ts', `let a: import('../../api/ports.ts').Log`],
    ['schedules/x.ts', `import { a } from '../adapters/a.ts'`],
    ['roster/x.ts', `import { a } from '../schedules/a.ts'`],
    ['api/routes/x.ts', `import { purchase } from '../../workflows/purchase.ts'`],
    ['api/x.ts', `import type { A } from '../adapters/a.ts'`],
    ['api/x.ts', `const a = require('../adapters/a.ts')`],
    ['api/x.ts', `import a = require('../adapters/a.ts')`],
    ['workers/x.ts', `import { purchase } from '../workflows/index.ts'`],
    ['workers/x.ts', `import type { A } from '../workflows/index.ts'`],
    ['cli/x.ts', `import { a } from '../test/support/a.ts'`],
    ['cli/x.ts', 'await import(`../${name}.ts`)'],
    ['cli/x.ts', `import a from 'file:///somewhere/a.ts'`],
    ['cli/bootstrap.mjs', `import { z } from 'zod'`],
    ['helpers/x.ts', ''],
    ['x.ts', `import { a } from './cli/a.ts'`],
  ])('refuses in %s: %s', (file, source) => {
    expect(violations(file, source)).toHaveLength(1);
  });

  it.each([
    ['contracts/x.ts', `import { z } from 'zod'; import { a } from './a.ts'`],
    ['contracts/messages.ts', `import { defineSignal } from '@temporalio/workflow'; import type { A } from './a.ts'`],
    [
      'workflows/x.ts',
      `import { names } from '../contracts/names.ts'; import type { Order } from '../contracts/order.ts'`,
    ],
    ['activities/x.ts', `import type { A } from '../adapters/a.ts'; import { b } from '../contracts/b.ts'`],
    ['adapters/x.ts', `import { b } from '../contracts/b.ts'`],
    ['api/x.ts', `import { load } from '../roster/load.ts'; import type { A } from '../workflows/a.ts'`],
    ['workers/x.ts', `import { a } from '../adapters/a.ts'; new URL('../workflows/index.ts', import.meta.url)`],
    ['test/x.test.ts', `import { ConversationState } from '../workflows/conversation-state.ts'`],
    [
      'cli/bootstrap.mjs',
      `import { spawn } from 'node:child_process'; await import('tsx/esm/api'); await import('./main.ts')`,
    ],
  ])('accepts in %s: %s', (file, source) => {
    expect(violations(file, source)).toEqual([]);
  });
});

describe('the workflow bundle', () => {
  const modules = [...readFileSync(inject('workflowBundle'), 'utf8').matchAll(/^\/\*{3}\/ "\.\/(.+)"$/gm)].map(
    ([, path]) => path ?? '',
  );

  it('holds workflows, plain contracts and what encrypts failures, and nothing else of ours', () => {
    const ours = modules.filter((path) => !path.startsWith('node_modules/'));
    expect(ours).toEqual(expect.arrayContaining(['workflows/index.ts', ...plainContracts]));
    expect(
      ours.filter((path) => !within(path, ['workflows', ...plainContracts, 'adapters/failure-converter.ts'])),
    ).toEqual([]);
  });

  it('holds no package but those of Temporal, and no zod', () => {
    const packages = modules.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? []);
    expect([...new Set(packages)].sort()).toEqual([
      '@temporalio/common',
      '@temporalio/workflow',
      'long',
      'ms',
      'nexus-rpc',
    ]);
  });
});
