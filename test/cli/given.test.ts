import { describe, expect, test } from 'vitest';
import { WrongUsage } from '../../cli/commands/command.ts';
import { expiryIn } from '../../cli/keys.ts';
import { panel } from '../../cli/panel.ts';
import { loadConfig } from '../../cli/config.ts';
import { pickId } from '../../cli/short-id.ts';
import { table } from '../../cli/table.ts';

const ids = ['0a1b2c3d-0000-4000-8000-000000000001', '0a1b9999-0000-4000-8000-000000000002'];
const pick = (given: string | undefined, all = () => Promise.resolve(ids)) =>
  pickId(given, { one: 'key', list: 'npx majordomo keys list', all });

describe('an id that a person writes', () => {
  test('is found by its first digits, in capitals too', async () => {
    expect(await pick('0a1b2')).toBe(ids[0]);
    expect(await pick('0A1B9999-00')).toBe(ids[1]);
  });

  test('is taken as it is when it is whole', async () => {
    const unasked = () => Promise.reject(new Error('The others need not be looked at.'));
    expect(await pick(ids[0]?.toUpperCase(), unasked)).toBe(ids[0]);
  });

  test.each([
    ['0a1b', /More than one key begins with 0a1b/],
    ['beef', /No key begins with beef; see npx majordomo keys list/],
    ['0a1', /at least its first four digits/],
    ['0a1b%', /is no id/],
    ['', /is no id/],
    [undefined, /is no id/],
  ])('%s is refused', async (given, message) => {
    await expect(pick(given)).rejects.toThrow(WrongUsage);
    await expect(pick(given)).rejects.toThrow(message);
  });
});

describe('an expiry that a person writes', () => {
  const now = Date.parse('2026-11-21T12:00:00Z');

  test.each([
    ['90d', '2027-02-19T12:00:00.000Z'],
    ['1h30m', '2026-11-21T13:30:00.000Z'],
    ['2027-01-31', '2027-01-31T00:00:00.000Z'],
    ['2027-01-31T08:00:00+02:00', '2027-01-31T06:00:00.000Z'],
  ])('%s is %s', (given, expires_at) => {
    expect(expiryIn(given, now)).toEqual({ expires_at });
  });

  test('that is not given is none, and that makes no sense is refused', () => {
    expect(expiryIn(undefined, now)).toEqual({});
    for (const given of ['soon', '2027-99-99', '']) expect(() => expiryIn(given, now)).toThrow(WrongUsage);
  });
});

test('a table shows what would move the cursor', () => {
  expect(table(['id', 'name'], [['1', 'a\u001b[2J']])[1]).toBe('1   a⟨U+001B⟩[2J');
});

test('the panel shows a fresh key, and else names its file', () => {
  const config = loadConfig({ MAJORDOMO_HOME: '/somewhere' });
  expect(panel(config, { file: 'keys/api.key', fresh: 'mj_fresh' })).toContain('mj_fresh (kept in keys/api.key)');
  expect(panel(config, { file: 'keys/api.key', fresh: undefined })).toContain('in keys/api.key');
});
