import { connect, createServer, type Socket } from 'node:net';

/** Passes everything on to the database at `url` and keeps what the clients sent, as latin1 text. */
export async function startRecordingProxy(
  url: string,
): Promise<{ url: string; sent: () => string; close(): Promise<void> }> {
  const { hostname, port } = new URL(url);
  const chunks: string[] = [];
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const database = connect({ host: hostname, port: Number(port) });
    for (const socket of [client, database]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy()).on('close', () => sockets.delete(socket));
    }
    client.on('data', (chunk) => chunks.push(chunk.toString('latin1')));
    client.pipe(database).pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (typeof address !== 'object' || address === null) throw new Error('The proxy has no port.');
  const own = new URL(url);
  own.port = String(address.port);
  own.hostname = '127.0.0.1';
  return {
    url: own.href,
    sent: () => chunks.join(''),
    close: () => {
      for (const socket of sockets) socket.destroy();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}
