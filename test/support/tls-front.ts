import { connect, createServer, type Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import { loopbackCertificate } from './certificate.ts';

/** A Postgres that speaks TLS, made of a real one and this front, because the embedded build has no TLS. */
export interface TlsFront {
  readonly port: number;
  /** Its self-signed certificate, for 127.0.0.1 and no name; PEM. */
  readonly certificate: string;
  /** One entry per connection that got as far as the database, in order. */
  readonly connections: ('tls' | 'plain')[];
  close(): Promise<void>;
}

/** Listens on 127.0.0.1, answers SSLRequest with yes and passes everything else to the database at `url`. */
export async function startTlsFront(url: string): Promise<TlsFront> {
  const { hostname, port } = new URL(url);
  const { cert, key } = loopbackCertificate();
  const connections: TlsFront['connections'] = [];
  const sockets = new Set<Socket>();
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
  };
  const pass = (client: Socket, kind: 'tls' | 'plain', first?: Buffer): void => {
    connections.push(kind);
    const database = connect({ host: hostname, port: Number(port) });
    keep(database);
    if (first) database.write(first);
    client.pipe(database).pipe(client);
  };
  const server = createServer((socket) => {
    keep(socket);
    socket.once('data', (first) => {
      if (first.readInt32BE(4) !== 80877103) return pass(socket, 'plain', first);
      socket.write('S');
      const secure = new TLSSocket(socket, { isServer: true, cert, key });
      keep(secure);
      secure.once('secure', () => pass(secure, 'tls'));
      return undefined;
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The front has no port.');
  return {
    port: address.port,
    certificate: cert,
    connections,
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
