import { describe, expect, it } from 'vitest';
import { smtpSettings, SmtpSettingsError } from '../../adapters/smtp-settings.ts';

const env = { MAJORDOMO_SMTP_HOST: 'mail.test', MAJORDOMO_SMTP_FROM: 'Majordomo <house@home.test>' };

describe('smtpSettings', () => {
  it('is undefined without a host, also when compose passes an empty one', () => {
    expect(smtpSettings({})).toBeUndefined();
    expect(smtpSettings({ ...env, MAJORDOMO_SMTP_HOST: '' })).toBeUndefined();
  });

  it('demands STARTTLS on the submission port by default', () => {
    expect(smtpSettings(env)).toEqual({
      host: 'mail.test',
      port: 587,
      secure: 'starttls',
      from: env.MAJORDOMO_SMTP_FROM,
    });
  });

  it('takes the port that belongs to the encryption', () => {
    expect(smtpSettings({ ...env, MAJORDOMO_SMTP_SECURE: 'tls' })?.port).toBe(465);
    expect(smtpSettings({ ...env, MAJORDOMO_SMTP_SECURE: 'none' })?.port).toBe(25);
    expect(smtpSettings({ ...env, MAJORDOMO_SMTP_PORT: '2525' })?.port).toBe(2525);
  });

  it('reads the variables that the butler names', () => {
    const names = {
      host_env: 'SHOP_HOST',
      port_env: 'SHOP_PORT',
      secure_env: 'SHOP_SECURE',
      user_env: 'SHOP_USER',
      password_env: 'SHOP_PASSWORD',
      from_env: 'SHOP_FROM',
    };
    const settings = smtpSettings(
      { SHOP_HOST: 'a.test', SHOP_FROM: 'b@c.test', SHOP_USER: 'u', SHOP_PASSWORD: 'p' },
      names,
    );
    expect(settings).toMatchObject({ host: 'a.test', from: 'b@c.test', user: 'u', password: 'p' });
  });

  it.each([
    [{ MAJORDOMO_SMTP_PORT: '70000' }, 'MAJORDOMO_SMTP_PORT'],
    [{ MAJORDOMO_SMTP_PORT: 'many' }, 'MAJORDOMO_SMTP_PORT'],
    [{ MAJORDOMO_SMTP_SECURE: 'yes' }, 'MAJORDOMO_SMTP_SECURE'],
    [{ MAJORDOMO_SMTP_FROM: '' }, 'MAJORDOMO_SMTP_FROM'],
    [{ MAJORDOMO_SMTP_HOST: 'a b' }, 'MAJORDOMO_SMTP_HOST'],
    [{ MAJORDOMO_SMTP_USER: 'house' }, 'MAJORDOMO_SMTP_PASSWORD'],
    [
      { MAJORDOMO_SMTP_SECURE: 'none', MAJORDOMO_SMTP_USER: 'house', MAJORDOMO_SMTP_PASSWORD: 'opensesame' },
      'MAJORDOMO_SMTP_SECURE',
    ],
  ])('refuses %j by the name of its variable', (change, name) => {
    expect(() => smtpSettings({ ...env, ...change })).toThrow(SmtpSettingsError);
    expect(() => smtpSettings({ ...env, ...change })).toThrow(name);
    expect(() => smtpSettings({ ...env, ...change })).not.toThrow('opensesame');
  });

  it('allows a login without encryption on this machine alone', () => {
    const local = { ...env, MAJORDOMO_SMTP_HOST: '127.0.0.1', MAJORDOMO_SMTP_SECURE: 'none' };
    expect(smtpSettings({ ...local, MAJORDOMO_SMTP_USER: 'u', MAJORDOMO_SMTP_PASSWORD: 'p' })?.user).toBe('u');
  });
});
