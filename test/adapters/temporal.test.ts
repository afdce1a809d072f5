import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { connectTemporal, prepareNamespace, retentionDays, SearchAttributeMismatch } from '../../adapters/temporal.ts';
import type { TemporalConnection } from '../../adapters/temporal.ts';
import { searchAttributes } from '../../contracts/names.ts';

const address = inject('temporalAddress');
let house: TemporalConnection;
const opened: TemporalConnection[] = [];

async function connect(namespace: string): Promise<TemporalConnection> {
  const connection = await connectTemporal({ address, namespace });
  opened.push(connection);
  return connection;
}

beforeAll(async () => {
  house = await connect('default');
});
afterAll(() => Promise.all(opened.map((connection) => connection.close())));

describe('a prepared namespace', () => {
  test('keeps history for 30 days', async () => {
    expect(await retentionDays(house)).toBe(30);
  });

  test('has all search attributes with their types, and preparing it again changes nothing', async () => {
    await prepareNamespace(house, { retentionDays: 30, searchAttributes });
    const { customAttributes } = await house.connection.operatorService.listSearchAttributes({ namespace: 'default' });
    const codes = { Keyword: 2, Datetime: 6 };
    for (const [name, type] of Object.entries(searchAttributes)) expect(customAttributes[name]).toBe(codes[type]);
  });

  test('is made when it is missing; a longer retention is kept; another type is refused', async () => {
    const other = await connect(`test-${randomUUID()}`);
    await prepareNamespace(other, { retentionDays: 40, searchAttributes: { Butler: 'Keyword' } });
    expect(await retentionDays(other)).toBe(40);
    await prepareNamespace(other, { retentionDays: 30, searchAttributes: {} });
    expect(await retentionDays(other)).toBe(40);
    const wrong = prepareNamespace(other, { retentionDays: 30, searchAttributes: { Butler: 'Datetime' } });
    await expect(wrong).rejects.toThrow(SearchAttributeMismatch);
    await expect(wrong).rejects.toThrow(/Butler is INDEXED_VALUE_TYPE_KEYWORD, wanted Datetime/);
  });
});

describe("Temporal's own HTTP", () => {
  const post = (path: string, body: object) =>
    fetch(`http://${inject('temporalHttpAddress')}/api/v1/namespaces/default/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'text/plain', origin: 'https://elsewhere.example' },
      body: JSON.stringify(body),
    });

  test('refuses a batch signal and a signal from any web page', async () => {
    const signalOperation = { signal: 'approve', identity: 'web page' };
    const batch = { reason: 'x', visibilityQuery: 'WorkflowType="approvalGate"', signalOperation };
    expect((await post(`batch-operations/${randomUUID()}`, batch)).status).toBe(403);
    expect((await post(`workflows/${randomUUID()}/signal/approve`, {})).status).toBe(403);
  });

  test('leaves the Web UI working', async () => {
    const page = await fetch(`http://${inject('temporalUiAddress')}/`);
    expect(page.status).toBe(200);
    const list = await fetch(`http://${inject('temporalUiAddress')}/api/v1/namespaces/default/workflows`);
    expect(list.status).toBe(200);
  });
});
