import { randomUUID } from 'node:crypto';
import { Client } from 'pg';
import { inject } from 'vitest';

/** A database of its own on the test cluster, without any migration. */
export interface EmptyDatabase {
  /** Address with the owner's login. */
  readonly url: string;
  drop(): Promise<void>;
}

/** Creates it; the caller drops it. */
export async function createEmptyDatabase(): Promise<EmptyDatabase> {
  const name = `empty_${randomUUID().replaceAll('-', '')}`;
  const url = new URL(inject('postgresUrl'));
  await onCluster(`CREATE DATABASE ${name}`);
  url.pathname = `/${name}`;
  return { url: url.href, drop: () => onCluster(`DROP DATABASE ${name} WITH (FORCE)`) };
}

async function onCluster(statement: string): Promise<void> {
  const client = new Client({ connectionString: inject('postgresUrl'), ssl: false });
  await client.connect();
  try {
    await client.query(statement);
  } finally {
    await client.end();
  }
}
