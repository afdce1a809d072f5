import { createServer } from 'node:net';
import { once } from 'node:events';
import type { Keyring } from '../../adapters/keyring.ts';

/** An address of this machine alone, and a port. */
export interface UiPlace {
  address: string;
  port: number;
}

/** Ports from here on: above every port that fetch refuses (the highest is 10080), and seldom used by others. */
const lowestPort = 16_384;

/**
 * Where the dev server's UI listens. It knows no login and answers any Host, so what protects it is that no web page can
 * know its place: one of 2^24 loopback addresses (RFC 1122, 3.2.1.3) times 49 152 ports, derived from the keyring.
 */
export function uiPlace(keyring: Keyring): UiPlace {
  const secret = keyring.derive('temporal-ui-place');
  // 0 and 255 at the end have meanings of their own in places; 127.0.0.x is where others listen.
  const [b, c, d] = [1 + (secret.readUInt8(0) % 255), secret.readUInt8(1), 1 + (secret.readUInt8(2) % 254)];
  return { address: `127.${b}.${c}.${d}`, port: lowestPort + (secret.readUInt32BE(4) % (65_536 - lowestPort)) };
}

/** Why nothing can listen there, and what to do; undefined when it can. */
export async function obstacleAt({ address, port }: UiPlace): Promise<string | undefined> {
  const server = createServer();
  try {
    await once(server.listen(port, address), 'listening');
  } catch (error) {
    const isTaken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    return isTaken
      ? `something else listens on every address at port ${port}; stop it, and start again.`
      : `this machine has no address ${address}. \`sudo ifconfig lo0 alias ${address}\` gives it one (macOS), until it restarts.`;
  }
  server.close();
  await once(server, 'close');
  return undefined;
}
