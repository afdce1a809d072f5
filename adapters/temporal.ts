import { setTimeout as wait } from 'node:timers/promises';
import { Client, Connection, isGrpcServiceError } from '@temporalio/client';
import type { DataConverter } from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time.js';
import proto from '@temporalio/proto';

const { IndexedValueType } = proto.temporal.api.enums.v1;

/** gRPC status NOT_FOUND (https://grpc.github.io/grpc/core/md_doc_statuscodes.html). */
const notFound = 5;
const secondsPerDay = 86_400;
/** Twice the 10 s after which a Temporal server reads its namespaces again. */
const namespaceKnownMs = 20_000;
const pollMs = 100;

export interface TemporalAddress {
  /** `host:port` of the gRPC frontend. */
  address: string;
  namespace: string;
  dataConverter?: DataConverter;
}

export interface TemporalConnection {
  client: Client;
  connection: Connection;
  namespace: string;
  close: () => Promise<void>;
}

/** Types of search attributes that the house uses. */
export type SearchAttributeType = 'Keyword' | 'Datetime';

/** A search attribute exists with another type; Temporal cannot change a type in place. */
export class SearchAttributeMismatch extends Error {
  override name = 'SearchAttributeMismatch';
}

/** Connects to a Temporal server. Rejects when it does not answer. */
export async function connectTemporal({
  address,
  namespace,
  dataConverter,
}: TemporalAddress): Promise<TemporalConnection> {
  const connection = await Connection.connect({ address, connectTimeout: '5 seconds' });
  const client = new Client({ connection, namespace, ...(dataConverter === undefined ? {} : { dataConverter }) });
  return { client, connection, namespace, close: () => connection.close() };
}

/**
 * Brings a namespace to what the house needs: made when missing, history kept at least `retentionDays`, search
 * attributes registered. Safe to repeat. Throws SearchAttributeMismatch before anything is added.
 */
export async function prepareNamespace(
  temporalConnection: TemporalConnection,
  wanted: { retentionDays: number; searchAttributes: Readonly<Record<string, SearchAttributeType>> },
): Promise<void> {
  await keepHistory(temporalConnection, wanted.retentionDays * secondsPerDay);
  await registerSearchAttributes(temporalConnection, wanted.searchAttributes);
}

/** Days that the namespace keeps a closed workflow's history. */
export async function retentionDays({ connection, namespace }: TemporalConnection): Promise<number> {
  const { config } = await connection.workflowService.describeNamespace({ namespace });
  return Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) / secondsPerDay;
}

async function keepHistory(temporalConnection: TemporalConnection, seconds: number): Promise<void> {
  const { connection, namespace } = temporalConnection;
  const workflowExecutionRetentionTtl = msToTs(seconds * 1000);
  try {
    if ((await retentionDays(temporalConnection)) * secondsPerDay >= seconds) return;
    await connection.workflowService.updateNamespace({ namespace, config: { workflowExecutionRetentionTtl } });
  } catch (error) {
    if (!isNotFound(error)) throw error;
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: workflowExecutionRetentionTtl,
    });
    await untilKnown(temporalConnection);
  }
}

/** The server's parts learn of a new namespace from their caches, one after the other. */
async function untilKnown({ connection, namespace }: TemporalConnection): Promise<void> {
  const deadline = Date.now() + namespaceKnownMs;
  for (;;) {
    try {
      await connection.operatorService.listSearchAttributes({ namespace });
      return;
    } catch (error) {
      if (!isNotFound(error) || Date.now() > deadline) throw error;
      await wait(pollMs);
    }
  }
}

function isNotFound(error: unknown): boolean {
  const code: number | undefined = isGrpcServiceError(error) ? error.code : undefined;
  return code === notFound;
}

async function registerSearchAttributes(
  { connection, namespace }: TemporalConnection,
  wanted: Readonly<Record<string, SearchAttributeType>>,
): Promise<void> {
  const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
  const types = {
    Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD,
    Datetime: IndexedValueType.INDEXED_VALUE_TYPE_DATETIME,
  };
  const missing: Record<string, number> = {};
  const wrong: string[] = [];
  for (const [name, type] of Object.entries(wanted)) {
    const found = customAttributes[name];
    if (found === undefined || found === null) missing[name] = types[type];
    else if (found !== types[type]) wrong.push(`${name} is ${IndexedValueType[found]}, wanted ${type}`);
  }
  if (wrong.length > 0) {
    throw new SearchAttributeMismatch(
      `Search attributes of namespace ${namespace} have other types: ${wrong.join('; ')}. ` +
        'Remove them (temporal operator search-attribute remove) or set TEMPORAL_NAMESPACE to another namespace.',
    );
  }
  if (Object.keys(missing).length > 0) {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes: missing });
  }
}
