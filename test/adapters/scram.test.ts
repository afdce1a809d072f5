import { describe, expect, it } from 'vitest';
import { scramVerifier } from '../../adapters/scram.ts';

describe('scramVerifier', () => {
  it('is what Postgres computes itself', () => {
    // Made by PostgreSQL 18: CREATE ROLE x PASSWORD 'pencil', then pg_authid.rolpassword.
    const [, salt = '', keys] =
      /^SCRAM-SHA-256\$4096:([^$]+)\$(.+)$/.exec(
        'SCRAM-SHA-256$4096:OWX1xLbdFasLdg531HRU/A==$wjwgrNVxDz5mKecARnkFr+zjMCPJLgL9yf/V3sX7d7o=:cIjEH2HxoD9alOuHwC+HpId9YJivgS8OI2oOiYb7Z74=',
      ) ?? [];
    expect(scramVerifier('pencil', Buffer.from(salt, 'base64'))).toBe(`SCRAM-SHA-256$4096:${salt}$${keys}`);
  });

  it('has another salt every time', () => {
    expect(scramVerifier('pencil')).not.toBe(scramVerifier('pencil'));
  });

  it.each(['', 'two words', 'naïve'])('refuses "%s", which would need SASLprep', (password) => {
    expect(() => scramVerifier(password)).toThrow('printable ASCII');
  });
});
