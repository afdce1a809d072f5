import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const folders = [
  'activities',
  'adapters',
  'api',
  'cli',
  'client',
  'contracts',
  'roster',
  'schedules',
  'workers',
  'workflows',
];
/** What the supervisor tells its children; nobody else sets it. */
const internal = new Set(['MAJORDOMO_SUPERVISED']);
const NAME =
  /\b(?:MAJORDOMO_[A-Z0-9_]*[A-Z0-9]|ANTHROPIC_[A-Z_]*[A-Z]|TEMPORAL_(?:ADDRESS|NAMESPACE|UI_URL|[A-Z]+_KEY)|DATABASE_URL|POSTGRES_SSLMODE)\b/g;

const source = readFileSync('.env.example', 'utf8');
const settings = [...source.matchAll(/^([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name = '', value = '']) => ({
  name,
  value,
}));
const names = settings.map(({ name }) => name);

function used(): Set<string> {
  const sources = readdirSync('.', { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && folders.includes(entry.name))
    .flatMap(({ name }) => readdirSync(name, { recursive: true, encoding: 'utf8' }).map((file) => join(name, file)))
    .filter((file) => /\.(ts|mjs|toml)$/.test(file))
    .map((file) => readFileSync(file, 'utf8'));
  const compose = [...readFileSync('docker-compose.temporal.yml', 'utf8').matchAll(/(?<!\$)\$\{([A-Z0-9_]+)/g)];
  const found = [...sources.flatMap((text) => text.match(NAME) ?? []), ...compose.map(([, name]) => name ?? '')];
  return new Set(found.filter((name) => !internal.has(name)));
}

describe('.env.example', () => {
  it('has every variable that the house reads, and no other', () => {
    expect([...names].sort()).toEqual([...used()].sort());
  });

  it('has each once', () => {
    expect(names).toEqual([...new Set(names)]);
  });

  it('holds no secret', () => {
    const secrets = settings.filter(({ name }) => /PASSWORD|KEY|TOKEN|DATABASE_URL/.test(name));
    expect(secrets.length).toBeGreaterThan(5);
    expect(secrets.filter(({ value }) => value !== '')).toEqual([]);
  });

  it('explains each in the lines above it, or with the one before', () => {
    const lines = source.split('\n');
    const alone = lines.filter((line, index) => /^[A-Z]/.test(line) && !/^[#A-Z]/.test(lines[index - 1] ?? ''));
    expect(alone).toEqual([]);
  });
});
