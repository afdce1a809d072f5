import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { problemSlugs, problems } from '../../contracts/problems.ts';
import { createWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

const page = async (path: string) => world.app.request(`http://localhost:7780${path}`);

describe('the OpenAPI document', () => {
  it('is served as 3.1 without a key', async () => {
    const { status, json } = await world.call('GET', '/openapi.json');
    expect([status, json.openapi]).toEqual([200, '3.1.0']);
  });

  it('has every route of the API', () => {
    const { paths } = world.contract.document;
    const routes = world.app.routes.filter(({ method, path }) => method !== 'ALL' && path.startsWith('/api/v1/'));
    expect(routes.length).toBeGreaterThan(10);
    const undocumented = routes.filter(
      ({ method, path }) => paths[path.replaceAll(/:([^/]+)/g, '{$1}')]?.[method.toLowerCase()] === undefined,
    );
    expect(undocumented).toEqual([]);
  });

  it('has examples of every body and answer, and each fits its schema', () => {
    const examples = Object.values(world.contract.document.paths).flatMap((operations) =>
      Object.values(operations).flatMap(({ responses, requestBody }) =>
        [...Object.values(responses), ...(requestBody ? [requestBody] : [])]
          .flatMap(({ content = {} }) => Object.values(content))
          .flatMap(({ schema, example, examples: named }) => {
            const values = named === undefined ? [example] : Object.values(named).map(({ value }) => value);
            return values.map((value) => ({ schema, value }));
          }),
      ),
    );
    expect(examples.length).toBeGreaterThan(60);
    expect(examples.filter(({ value }) => value === undefined)).toEqual([]);
    expect(examples.flatMap(({ schema, value }) => world.contract.errors(schema, value))).toEqual([]);
  });

  it('checks what it documents', () => {
    const health = world.contract.document.paths['/health']?.['get']?.responses['200']?.content?.['application/json'];
    expect(world.contract.errors(health?.schema ?? {}, { status: 'fine' })).not.toEqual([]);
  });

  it('documents every problem that the house knows', () => {
    const text = JSON.stringify(world.contract.document);
    expect(problemSlugs.filter((slug) => !text.includes(`"/problems/${slug}"`))).toEqual([]);
  });
});

describe('the documentation', () => {
  it('is served from this machine alone', async () => {
    const response = await page('/docs');
    const html = await response.text();
    expect(html).not.toMatch(/https?:\/\//);
    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    const links = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, link]) => link ?? '');
    expect(links).toHaveLength(4);
    const answers = await Promise.all(links.map((link) => page(link)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    for (const { headers } of [response, ...answers]) {
      expect(headers.get('content-security-policy')).toContain("script-src 'self'");
    }
    expect((await page('/docs/package.json')).status).toBe(404);
    expect((await page('/docs/..%2fpackage.json')).status).toBe(404);
  });

  it('is where the root leads', async () => {
    const response = await page('/');
    expect([response.status, response.headers.get('location')]).toEqual([302, '/docs']);
  });

  it.each(problemSlugs)('explains the problem %s under its type', async (slug) => {
    const response = await page(`/problems/${slug}`);
    expect(await response.json()).toEqual({ type: `/problems/${slug}`, ...problems[slug] });
  });
});

describe('headers', () => {
  it('take a request id of a sane shape and make one otherwise', async () => {
    const given = async (id: string) =>
      (await world.call('GET', '/live', { headers: { 'x-request-id': id } })).headers.get('x-request-id');
    expect(await given('trace-17_a')).toBe('trace-17_a');
    for (const bad of ['a b', '<script>', 'x'.repeat(65)]) expect(await given(bad)).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('forbid sniffing, framing, caching and scripts', async () => {
    const { headers } = await world.call('GET', '/live');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('cache-control')).toBe('no-store');
    expect(headers.get('content-security-policy')).not.toContain('script-src');
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it('let names through that the house was given', async () => {
    const response = await world.app.request('http://house.test/live', {
      headers: { host: 'house.test', origin: 'http://house.test' },
    });
    expect(response.status).toBe(200);
  });
});
