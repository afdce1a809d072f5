import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

const text = (file: string) => readFileSync(file, 'utf8');
const captures = (source: string, pattern: RegExp) => [...source.matchAll(pattern)].map(([, first]) => first ?? '');

/** Every file of ours that people read, relative to the root. */
const files = readdirSync('.', { withFileTypes: true })
  .filter(({ name }) => !['node_modules', 'dist', 'coverage', '.git', '.env'].includes(name))
  .flatMap((entry) =>
    entry.isDirectory()
      ? readdirSync(entry.name, { recursive: true, withFileTypes: true })
          .filter((inner) => inner.isFile())
          .map((inner) => posix.join(inner.parentPath.replaceAll('\\', '/'), inner.name))
      : [entry.name],
  );
const documents = files.filter((file) => /^(README|CONTRIBUTING|CHANGELOG)\.md$|^docs\/.*\.md$/.test(file));
const manifest = z
  .object({
    engines: z.object({ node: z.string() }),
    scripts: z.record(z.string(), z.string()),
    dependencies: z.record(z.string(), z.string()),
    devDependencies: z.record(z.string(), z.string()),
  })
  .parse(JSON.parse(text('package.json')));

describe('docs/dependencies.md', () => {
  const [, atRunTime = '', forDevelopment = ''] = text('docs/dependencies.md').split(/^## .+$/m);

  it.each([
    ['at run time', atRunTime, manifest.dependencies],
    ['for development', forDevelopment, manifest.devDependencies],
  ])('says of every dependency %s why it is there, and of nothing else', (_, section, wanted) => {
    expect(captures(section, /^\| `([^`]+)` \| .{4,} \|$/gm).sort()).toEqual(Object.keys(wanted).sort());
  });

  it('is right that every version is exact', () => {
    const versions = Object.values({ ...manifest.dependencies, ...manifest.devDependencies });
    expect(versions.filter((version) => !/^\d+\.\d+\.\d+$/.test(version))).toEqual([]);
  });
});

/** What the documents name by a pattern, as `file: name`, without what is known. */
const unknown = (pattern: RegExp, isKnown: (name: string, document: string) => boolean) => {
  const named = documents.flatMap((document) => captures(text(document), pattern).map((name) => ({ name, document })));
  // A pattern that finds nothing would prove nothing.
  expect(named.length).toBeGreaterThan(2);
  return named
    .filter(({ name, document }) => !isKnown(name, document))
    .map(({ name, document }) => `${document}: ${name}`);
};

describe('the documents', () => {
  it('link to files that exist', () => {
    const isThere = (link: string, document: string) => existsSync(posix.join(posix.dirname(document), link));
    expect(unknown(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g, isThere)).toEqual([]);
  });

  it('name scripts and commands that exist', () => {
    expect(unknown(/npm run ([a-z:]+)/g, (script) => script in manifest.scripts)).toEqual([]);
    expect(unknown(/npx majordomo ([a-z-]+)/g, (command) => existsSync(`cli/commands/${command}.ts`))).toEqual([]);
  });

  it('name files and folders that exist', () => {
    const roots =
      'contracts|workflows|activities|adapters|workers|schedules|api|client|roster|migrations|cli|test|docs';
    // The chain that docs/adding-a-chain.md makes up.
    const isKnown = (path: string) => existsSync(path) || path.includes('/books.');
    expect(unknown(new RegExp(`\`((?:${roots})/[\\w./-]*)\``, 'g'), isKnown)).toEqual([]);
  });

  it('name settings that .env.example knows', () => {
    const known = new Set(text('.env.example').match(/^[A-Z][A-Z0-9_]*(?==)/gm));
    // Of the tests, not of the house.
    known.add('MAJORDOMO_SCREENSHOTS');
    const settings = /\b((?:MAJORDOMO|ANTHROPIC|TEMPORAL|POSTGRES)_[A-Z0-9_]*[A-Z0-9])\b/g;
    expect(unknown(settings, (name) => known.has(name))).toEqual([]);
  });
});

describe('the repository', () => {
  it('asks for the Node that README names', () => {
    expect(manifest.engines.node).toBe('>=20.20.0');
    expect(text('README.md')).toContain('Node ≥ 20.20');
  });

  it('speaks of no machine of its makers', () => {
    const telling = /(?<![\w.~-])\/(?:work|root|home\/\w+|Users\/\w+)\/|registry\.npmjs|\bpypi\.org|pythonhosted\.org/;
    expect(files.length).toBeGreaterThan(200);
    expect(files.filter((file) => telling.test(text(file)))).toEqual([]);
    const examples = ['work', 'root', 'home/somebody'].map((folder) => `see /${folder}/x`);
    expect(examples.filter((line) => !telling.test(line))).toEqual([]);
  });
});
