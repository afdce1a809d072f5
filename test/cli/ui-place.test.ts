import { createServer } from 'node:http';
import { once } from 'node:events';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Keyring, loadKeyring } from '../../adapters/keyring.ts';
import { prepareTemporal } from '../../cli/engines/temporal.ts';
import { obstacleAt, uiPlace } from '../../cli/engines/ui-place.ts';

const keyringOf = (key: Uint8Array): Keyring =>
  loadKeyring({ env: { MAJORDOMO_KEYS: `k1:${Buffer.from(key).toString('base64')}` }, home: '/nowhere' });
const anyKey = fc.uint8Array({ minLength: 32, maxLength: 32 });

test('every keyring has its own place, always the same, on loopback and beside every port that fetch refuses', () => {
  const places = new Set<string>();
  fc.assert(
    fc.property(anyKey, (key) => {
      const { address, port } = uiPlace(keyringOf(key));
      expect(address).toMatch(/^127\.(?!0\.)\d{1,3}\.\d{1,3}\.\d{1,3}$/);
      expect(address.split('.').every((part) => Number(part) <= 255)).toBe(true);
      expect(address).not.toMatch(/\.(?:0|255)$/);
      expect(port).toBeGreaterThan(10_080);
      expect(port).toBeLessThan(65_536);
      expect(uiPlace(keyringOf(key))).toEqual({ address, port });
      places.add(`${address}:${port}`);
    }),
  );
  expect(places.size).toBeGreaterThan(50);
});

test('a place that cannot be listened at is named, with what to do', async () => {
  const place = uiPlace(keyringOf(crypto.getRandomValues(new Uint8Array(32))));
  expect(await obstacleAt(place)).toBeUndefined();
  const other = createServer().listen(place.port, '0.0.0.0');
  await once(other, 'listening');
  expect(await obstacleAt(place)).toContain(`at port ${place.port}; stop it`);
  other.close();
  // An address of nobody here (RFC 5737).
  expect(await obstacleAt({ ...place, address: '192.0.2.1' })).toContain('ifconfig lo0 alias 192.0.2.1');
});

test('without a place the server has no UI at all, and with one it listens nowhere else', () => {
  const server = {
    engine: { name: 'temporal' as const, bin: '/nowhere', version: '1', source: 'path' as const },
    dbFile: 'x',
    ports: { grpc: 1, http: 2, metrics: 3 },
  };
  const without = prepareTemporal({ ...server, ui: undefined }).args;
  expect(without).toContain('--headless');
  expect(without.filter((argument) => argument.startsWith('--ui'))).toEqual([]);
  const { args } = prepareTemporal({ ...server, ui: { address: '127.1.2.3', port: 20_000 } });
  expect(args.join(' ')).toContain('--ui-ip 127.1.2.3 --ui-port 20000 --ui-public-path /temporal');
});
