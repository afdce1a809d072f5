import { createServer } from 'node:net';
import type { Server } from 'node:net';

/** A port the house is about to use. */
export interface WantedPort {
  port: number;
  /** What it is for. */
  use: string;
  /** Environment variable that changes it. */
  setting: string;
}

/** One or more ports are taken; the message names them all with their settings. */
export class PortsTaken extends Error {
  override name = 'PortsTaken';
}

/** Throws PortsTaken unless every port can be listened on at `host`. */
export async function requireFreePorts(wanted: WantedPort[], host = '127.0.0.1'): Promise<void> {
  const taken: WantedPort[] = [];
  for (const one of wanted) if (!(await isFree(one.port, host))) taken.push(one);
  if (taken.length === 0) return;
  const lines = taken.map(
    ({ port, use, setting }) => `Port ${port} (${use}) is taken; free it or set ${setting} to another.`,
  );
  throw new PortsTaken(lines.join('\n'));
}

/** Ports that were free at this moment, all different. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, () => listen(0, '127.0.0.1')));
  const ports = servers.map((server) => portOf(server));
  await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
  return ports;
}

async function isFree(port: number, host: string): Promise<boolean> {
  try {
    const server = await listen(port, host);
    await new Promise((done) => server.close(done));
    return true;
  } catch {
    return false;
  }
}

function listen(port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, host, () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return address === null || typeof address === 'string' ? 0 : address.port;
}
