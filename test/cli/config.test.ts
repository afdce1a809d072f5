import { assert, constantFrom, integer, oneof, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigInvalid, loadConfig, portSettings } from '../../cli/config.ts';
import { homePath } from '../../cli/home.ts';

const base = { MAJORDOMO_HOME: '/tmp/nowhere' };

describe('the settings', () => {
  test('have defaults on loopback with all ports different', () => {
    const config = loadConfig(base);
    expect(config.host).toBe('127.0.0.1');
    expect(new Set(Object.values(config.ports)).size).toBe(5);
    expect(config).toMatchObject({ databaseUrl: undefined, temporalAddress: undefined, temporalNamespace: 'default' });
    expect(config.model).toContain('offline');
    expect(config.channels).toEqual(['REST', 'console']);
  });

  test('take an empty variable for one that is not set', () => {
    expect(loadConfig({ ...base, MAJORDOMO_PORT: '', DATABASE_URL: '', TEMPORAL_ADDRESS: '' })).toEqual(
      loadConfig(base),
    );
  });

  test('report every error at once and show no value', () => {
    const env = {
      ...base,
      MAJORDOMO_PORT: 'abc',
      MAJORDOMO_TEMPORAL_PORT: '70000',
      DATABASE_URL: 'http://me:secret@x',
      TEMPORAL_ADDRESS: 'x',
      ANTHROPIC_API_KEY: 'two secrets',
      MAJORDOMO_SMTP_HOST: 'mail.example',
    };
    const message = errorOf(env);
    for (const name of [
      'MAJORDOMO_PORT',
      'MAJORDOMO_TEMPORAL_PORT',
      'DATABASE_URL',
      'TEMPORAL_ADDRESS',
      'ANTHROPIC_API_KEY',
      'MAJORDOMO_SMTP_FROM',
    ]) {
      expect(message).toContain(name);
    }
    expect(message).not.toContain('secret');
  });

  test('refuse two parts on one port', () => {
    expect(errorOf({ ...base, MAJORDOMO_PORT: '7233' })).toBe(
      'MAJORDOMO_TEMPORAL_PORT and MAJORDOMO_PORT are both 7233.',
    );
  });

  const settings = constantFrom(...Object.values(portSettings));

  test('take every port', () => {
    assert(
      property(integer({ min: 1, max: 65_000 }), settings, (port, name) => {
        expect(Object.values(loadConfig({ ...base, ...spreadPorts(), [name]: String(port) }).ports)).toContain(port);
      }),
    );
  });

  test('take nothing but a port', () => {
    const others = oneof(integer({ max: 0 }), integer({ min: 65_536 }), constantFrom('7e', ' x', '1.5', '0x', 'NaN'));
    assert(
      property(others, settings, (value, name) => {
        expect(() => loadConfig({ ...base, [name]: String(value) })).toThrow(ConfigInvalid);
      }),
    );
  });
});

describe('the state folder', () => {
  test.each([
    ['MAJORDOMO_HOME first', { MAJORDOMO_HOME: '/a', XDG_STATE_HOME: '/b' }, 0, '/a'],
    ['/var/lib for root', { XDG_STATE_HOME: '/b' }, 0, '/var/lib/majordomo'],
    ['XDG_STATE_HOME for others', { XDG_STATE_HOME: '/b' }, 1000, '/b/majordomo'],
  ])('is %s', (_, env, uid, expected) => {
    expect(homePath(env, uid)).toBe(expected);
  });

  test('is ~/.local/state/majordomo otherwise', () => {
    expect(homePath({}, 1000)).toMatch(/\/\.local\/state\/majordomo$/);
  });
});

function errorOf(env: NodeJS.ProcessEnv): string {
  try {
    loadConfig(env);
  } catch (error) {
    if (error instanceof ConfigInvalid) return error.message;
    throw error;
  }
  return '';
}

/** Ports that the tested one never meets. */
function spreadPorts(): Record<string, string> {
  return Object.fromEntries(Object.values(portSettings).map((name, index) => [name, String(65_530 + index)]));
}
