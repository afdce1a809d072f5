import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Ajv } from 'ajv';
import addFormats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { webUiPath } from '../contracts/web-ui.ts';

const source = readFileSync('docker-compose.temporal.yml', 'utf8');
const document: unknown = parse(source, { merge: true });

/** The published schema of the Compose Specification, as the linter package carries it. */
function composeSchema(): object {
  const folder = dirname(createRequire(import.meta.url).resolve('dclint/package.json'));
  const { $schema: _dialect, ...schema } = z
    .looseObject({})
    .parse(JSON.parse(readFileSync(join(folder, 'schemas/compose.schema.json'), 'utf8')));
  return schema;
}

const service = z.looseObject({
  image: z.string(),
  build: z.string().optional(),
  restart: z.string(),
  environment: z.record(z.string(), z.string()).default({}),
  ports: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  configs: z.array(z.object({ source: z.string(), target: z.string() })).default([]),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  healthcheck: z
    .union([z.object({ disable: z.literal(true) }), z.looseObject({ test: z.array(z.string()) })])
    .optional(),
  command: z.array(z.string()).optional(),
});
const { services, volumes, configs } = z
  .object({
    services: z.record(z.string(), service),
    volumes: z.record(z.string(), z.unknown()),
    configs: z.record(z.string(), z.object({ content: z.string() })),
  })
  .parse(document);
const each = Object.entries(services);
const house = each.filter(([, { build }]) => build !== undefined);

describe('docker-compose.temporal.yml', () => {
  it('keeps to the Compose Specification', () => {
    const ajv = new Ajv({ strict: false, allErrors: true });
    addFormats.default(ajv);
    const validate = ajv.compile(composeSchema());
    validate(document);
    expect(validate.errors).toBeNull();
    expect(validate({ services: { api: { image: 1, portz: [] } } })).toBe(false);
  });

  it('has Temporal, its Web UI, Postgres with pgvector, and the house', () => {
    expect(Object.keys(services).sort()).toEqual([
      'api',
      'migrate',
      'postgres',
      'temporal',
      'temporal-schema',
      'temporal-ui',
      'worker',
    ]);
    expect(house.map(([name]) => name)).toEqual(['migrate', 'worker', 'api']);
  });

  it('pins every image', () => {
    for (const [name, { image }] of each)
      expect([name, image]).toEqual([name, expect.stringMatching(/:v?\d+\.\d+\.\d+/)]);
  });

  it('waits only for what tells that it is ready, or that ends', () => {
    const awaited = each.flatMap(([, { depends_on }]) => Object.entries(depends_on));
    expect(awaited.length).toBeGreaterThan(6);
    const tells = ([name, { condition }]: [string, { condition: string }]) => {
      if (condition === 'service_healthy') return 'test' in (services[name]?.healthcheck ?? {});
      return (
        condition === 'service_completed_successfully' && services[name]?.restart.startsWith('on-failure') === true
      );
    };
    expect(awaited.filter((dependency) => !tells(dependency))).toEqual([]);
  });

  it('runs nothing of the house before its migrations', () => {
    for (const name of ['worker', 'api']) {
      expect(services[name]?.depends_on['migrate']).toEqual({ condition: 'service_completed_successfully' });
    }
  });

  it('publishes nothing beyond this machine, and never a port that knows no login', () => {
    const published = each.flatMap(([name, { ports }]) => ports.map((port) => [name, port]));
    expect(published.map(([name]) => name)).toEqual(['api']);
    for (const [, port] of published) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('declares the volumes and configs that it uses, uses those that it declares, and mounts nothing of the host', () => {
    const used = each.flatMap(([, { volumes: mounts }]) => mounts.map((mount) => mount.split(':')[0]));
    expect(new Set(used)).toEqual(new Set(Object.keys(volumes)));
    const sources = each.flatMap(([, { configs: files }]) => files.map((file) => file.source));
    expect(new Set(sources)).toEqual(new Set(Object.keys(configs)));
  });

  it('shows the Web UI through the api alone, with the codec beside it', () => {
    expect(services['temporal-ui']?.environment).toMatchObject({
      TEMPORAL_UI_PUBLIC_PATH: webUiPath,
      TEMPORAL_CODEC_ENDPOINT: '/codec',
      TEMPORAL_HIDE_LOGS: 'true',
    });
    expect(services['api']?.environment['TEMPORAL_UI_URL']).toBe('http://temporal-ui:8080');
    for (const name of ['worker', 'migrate']) expect(services[name]?.environment).not.toHaveProperty('TEMPORAL_UI_URL');
  });

  it('closes the HTTP API of Temporal and keeps the settings of the embedded server', () => {
    expect(services['temporal']?.environment['DYNAMIC_CONFIG_FILE_PATH']).toBe(
      services['temporal']?.configs[0]?.target,
    );
    expect(parse(configs['temporal-dynamic']?.content ?? '')).toEqual({
      'history.transferProcessorMaxPollRPS': [{ value: 2000 }],
      'history.timerProcessorMaxPollRPS': [{ value: 2000 }],
      'history.timerProcessorMaxTimeShift': [{ value: '50ms' }],
      'frontend.httpAllowedHosts': [{ value: ['none.invalid'] }],
    });
  });

  it('holds no secret: every one comes from the environment', () => {
    const values = each.flatMap(([, { environment }]) => Object.entries(environment));
    const secrets = values.filter(([name]) => /PASSWORD|_PWD|KEY|TOKEN/.test(name));
    expect(secrets.length).toBeGreaterThan(6);
    for (const [name, value] of secrets)
      expect([name, value]).toEqual([name, expect.stringMatching(/^\$\{[A-Z_]+(:-|:\?[^}]+)\}$/)]);
    for (const [, value] of values) expect(value).not.toMatch(/:\/\/[^/\s:]*:(?!\$\{)[^/]*@/);
  });

  it('gives the owner of the database to the migrations alone', () => {
    for (const [name, { environment }] of house) {
      expect(environment['DATABASE_URL']?.includes('MAJORDOMO_POSTGRES_PASSWORD')).toBe(name === 'migrate');
    }
  });

  it('is not taken for a child of the supervisor, which would end it with its standard input', () => {
    for (const [, { environment }] of house) expect(environment).not.toHaveProperty('MAJORDOMO_SUPERVISED');
  });

  it('refers to documented variables only, and hands on what the household and the model need', () => {
    const documented = new Set(readFileSync('.env.example', 'utf8').match(/^[A-Z][A-Z0-9_]*(?==)/gm));
    const referred = [...source.matchAll(/(?<!\$)\$\{([A-Z][A-Z0-9_]*)/g)].map(([, name]) => name ?? '');
    expect(referred.filter((name) => !documented.has(name))).toEqual([]);
    const needed = [...documented].filter((name) =>
      /^(ANTHROPIC_|MAJORDOMO_(SMTP_|SHOP_|KEYS|TIMEZONE|ALLOWED_HOSTS|LOG_LEVEL))/.test(name),
    );
    for (const [, { environment }] of house) expect(Object.keys(environment)).toEqual(expect.arrayContaining(needed));
  });
});
