import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import {
  createClient,
  type HouseClient,
  type OpenStream,
  pageLimit,
  parseResponse,
  readEvents,
} from '../../client/index.ts';
import { boardEventSchema } from '../../contracts/events.ts';
import { scopes } from '../../contracts/api.ts';
import { runHouse, type RunningHouse } from '../support/running-house.ts';
import { schemathesis } from './schemathesis.ts';

const checks = [
  'not_a_server_error',
  'status_code_conformance',
  'content_type_conformance',
  'response_schema_conformance',
  'negative_data_rejection',
  'ignored_auth',
].join(',');

let house: RunningHouse;
let client: HouseClient;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'majordomo-contract-'));
  house = await runHouse({
    MAJORDOMO_QUERIES_PER_MINUTE: '100000',
    MAJORDOMO_REQUESTS_PER_MINUTE: '100000',
    MAJORDOMO_STREAM_SECONDS: '1',
  });
  const key = (await readFile(join(house.home, 'keys', 'api.key'), 'utf8')).trim();
  client = createClient({ address: house.url, key });
}, 180_000);
afterAll(async () => {
  await house.stop();
  await rm(folder, { recursive: true });
}, 60_000);

/** What there is to ask about: a purchase that is approved and ordered, and waits for the owner's word. */
async function story() {
  const { message, item } = await tell('milk');
  const query = { status: 'pending', limit: pageLimit } as const;
  const asked = async () =>
    (await parseResponse(client.approvals.$get({ query }))).approvals.find(({ args }) =>
      JSON.stringify(args).includes(item),
    );
  await expect.poll(asked, { timeout: 30_000 }).toBeDefined();
  const approval = (await asked())?.id ?? '';
  const decision = '018f3a52-7a2e-4cc3-9b1a-2f6d4c1a9e60';
  const yes = { verdict: 'approve', decision_id: decision } as const;
  await parseResponse(client.approvals[':id'].decide.$post({ param: { id: approval }, json: yes }));
  const purchase = async () =>
    (await parseResponse(client.pipelines.items[':id'].$get({ param: { id: item } }))).purchase?.status;
  await expect.poll(purchase, { timeout: 30_000 }).toBe('ordered');
  return { message, approval, decision, item };
}

/** A key to test with, and others to end. */
async function keys() {
  const make = (name: string) => parseResponse(client.keys.$post({ json: { name, scopes: [...scopes] } }));
  const own = await make('contract');
  const others = await Promise.all(Array.from({ length: 20 }, (_, index) => make(`other ${index}`)));
  return { own, others: others.map(({ key }) => key.id) };
}

const reportSchema = z.looseObject({
  complete: z.boolean(),
  operations: z.looseObject({ total: z.number(), tested: z.number(), errored: z.number(), skipped: z.number() }),
  /** Of the well-formed requests to each operation in each phase, how many had a success. */
  valid_rates: z.record(z.string(), z.record(z.string(), z.looseObject({ accepted: z.number() }))),
});

/** Every operation of the document, as Schemathesis calls it. */
async function documented(): Promise<string[]> {
  const response = await fetch(`${house.url}/openapi.json`);
  const { paths } = z
    .looseObject({ paths: z.record(z.string(), z.record(z.string(), z.unknown())) })
    .parse(await response.json());
  return Object.entries(paths).flatMap(([path, each]) =>
    Object.keys(each).map((method) => `${method.toUpperCase()} ${path}`),
  );
}

test('a stream loses nothing and doubles nothing over its ends and a killed api', { timeout: 90_000 }, async () => {
  const ending = new AbortController();
  const seen: { event: string; data: unknown }[] = [];
  const open: OpenStream = (options) =>
    client.pipelines[':chain'].board.events.$get({ param: { chain: 'groceries' }, query: {} }, options);
  const reading = (async () => {
    for await (const event of readEvents(open, ending)) seen.push(event);
  })();
  reading.catch(() => {});
  await expect.poll(() => seen[0]?.event, { timeout: 10_000 }).toBe('ready');

  await tell('pepper');
  await house.kill(['api']);
  // The same source_id is the same message, so it may be told again.
  await vi.waitFor(() => tell('salt'), { timeout: 30_000 });

  const happened = async () => {
    const { rows } = await house.core.query<{ id: string; stage: string; event: string }>(
      'SELECT item_id AS id, stage, event FROM core.stage_events ORDER BY xact, seq',
    );
    return rows.map(({ id, stage, event }) => `${id} ${stage} ${event}`);
  };
  const told = () =>
    seen
      .filter(({ event }) => event === 'message')
      .map(({ data }) => boardEventSchema.parse(data))
      .map(({ item_id, stage, event }) => `${item_id} ${stage} ${event}`);
  await expect.poll(async () => isDeepStrictEqual(told(), await happened()), { timeout: 20_000 }).toBe(true);
  expect(new Set(told().map((line) => line.split(' ')[0])).size).toBe(2);
  ending.abort(new Error('enough'));
  await expect(reading).rejects.toThrow('enough');
});

/** Tells the house something, and returns the first item that it began. */
async function tell(text: string): Promise<{ message: string; item: string }> {
  const { message_id: id } = await parseResponse(client.messages.$post({ json: { text, source_id: text } }));
  const told = () => parseResponse(client.messages[':id'].$get({ param: { id } }));
  await expect.poll(async () => (await told()).items.length, { timeout: 20_000 }).toBe(1);
  return { message: id, item: (await told()).items[0]?.id ?? '' };
}

test('every route keeps what the OpenAPI document says of it', { timeout: 400_000 }, async () => {
  const { message, approval, decision, item } = await story();
  const { own, others } = await keys();
  const real: Real = {
    '/api/v1/messages/{id}': { 'path.id': [message] },
    '/api/v1/pipelines/{chain}/board': { 'path.chain': ['groceries'] },
    '/api/v1/pipelines/{chain}/board/events': { 'path.chain': ['groceries'] },
    '/api/v1/pipelines/items/{id}': { 'path.id': [item] },
    '/api/v1/pipelines/items/{id}/timeline': { 'path.id': [item] },
    '/api/v1/pipelines/items/{id}/evidence': { 'path.id': [item] },
    '/api/v1/approvals/{id}': { 'path.id': [approval] },
    '/api/v1/approvals/{id}/decide': { 'path.id': [approval], 'body.decision_id': [decision] },
    '/api/v1/keys/{id}/rotate': { 'path.id': others },
    '/api/v1/keys/{id}/revoke': { 'path.id': others },
  };
  const config = join(folder, 'schemathesis.toml');
  await writeFile(config, configOf(real));
  const report = join(folder, 'report.json');
  await schemathesis(
    [
      '--config-file',
      config,
      'run',
      `${house.url}/openapi.json`,
      '--checks',
      checks,
      '--report-json-path',
      report,
      '--no-color',
    ],
    { API_KEY: own.secret ?? '', OWN_KEY_ID: own.key.id, OTHER_KEY_ID: others[0] ?? '' },
  );

  const told = reportSchema.parse(JSON.parse(await readFile(report, 'utf8')));
  const operations = await documented();
  const total = operations.length;
  expect(total).toBeGreaterThan(15);
  expect(told).toMatchObject({ complete: true, operations: { total, tested: total, errored: 0, skipped: 0 } });
  const succeeded = operations.filter((name) =>
    Object.values(told.valid_rates[name] ?? {}).some(({ accepted }) => accepted > 0),
  );
  expect(succeeded.toSorted()).toEqual(operations.toSorted());
});

/** What exists in the house, by path and place in the request. */
type Real = Record<string, Record<string, string[]>>;

/** Settings in the form of schemathesis.toml; half of the values are what exists, the others are made up. */
function configOf(real: Real): string {
  const operations = Object.entries(real).flatMap(([path, places], index) => [
    '[[operations]]',
    `include-path = ${JSON.stringify(path)}`,
    ...Object.keys(places).map(
      (place) => `parameters.${JSON.stringify(place)} = { dictionary = "${place}.${index}", probability = 0.5 }`,
    ),
  ]);
  const dictionaries = Object.values(real).flatMap((places, index) =>
    Object.entries(places).map(
      ([place, values]) => `${JSON.stringify(`${place}.${index}`)} = { values = ${JSON.stringify(values)} }`,
    ),
  );
  return [
    'seed = 20261121',
    `hooks = ${JSON.stringify(fileURLToPath(new URL('hooks.py', import.meta.url)))}`,
    'headers = { "X-API-Key" = "${API_KEY}" }',
    'continue-on-failure = true',
    'request-timeout = 10',
    'max-stream-events = 1',
    'generation = { max-examples = 15, database = "none" }',
    '[dictionaries]',
    ...dictionaries,
    ...operations,
    '',
  ].join('\n');
}
