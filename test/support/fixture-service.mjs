// A stand-in for worker or api: serves on its port, ends at SIGTERM and at the end of stdin.
import { createServer } from 'node:http';

createServer((_request, response) => response.end(process.argv[2])).listen(
  Number(process.env.FIXTURE_PORT),
  '127.0.0.1',
);
process.stdin.resume();
process.stdin.on('end', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
