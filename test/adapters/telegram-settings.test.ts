import { describe, expect, it } from 'vitest';
import { telegramSettings } from '../../adapters/telegram/settings.ts';
import { telegramModuleSchema } from '../../contracts/butler.ts';

const bot = { MAJORDOMO_TELEGRAM_TOKEN: '7000000001:AAH-very-secret', MAJORDOMO_TELEGRAM_OWNER_ID: '4711' };
const webhook = telegramModuleSchema.parse({ mode: 'webhook' });
const hook = {
  MAJORDOMO_TELEGRAM_WEBHOOK_URL: 'https://house.example/telegram/webhook',
  MAJORDOMO_TELEGRAM_WEBHOOK_SECRET: 'a-secret-of-enough-length',
};

function refusal(env: Record<string, string>, module = telegramModuleSchema.parse({})): string {
  try {
    telegramSettings(env, module);
  } catch (error) {
    return error instanceof Error ? `${error.name}: ${error.message}` : '';
  }
  return expect.fail('It was accepted.');
}

describe('the settings of the Telegram bot', () => {
  it('are none without a token', () => {
    expect(telegramSettings({})).toBeUndefined();
    expect(telegramSettings({ ...bot, MAJORDOMO_TELEGRAM_TOKEN: '' })).toBeUndefined();
  });

  it('are a token and the owner’s ids; updates are polled for', () => {
    expect(telegramSettings(bot)).toEqual({
      token: bot.MAJORDOMO_TELEGRAM_TOKEN,
      accounts: [4711],
      apiRoot: 'https://api.telegram.org',
    });
    const more = {
      ...bot,
      MAJORDOMO_TELEGRAM_OWNER_ID: '4711, 5000000000,4711',
      MAJORDOMO_TELEGRAM_API_ROOT: 'http://bots:8081/',
    };
    expect(telegramSettings(more)).toMatchObject({ accounts: [4711, 5_000_000_000], apiRoot: 'http://bots:8081' });
  });

  it('of a webhook are its address and its secret too', () => {
    expect(telegramSettings({ ...bot, ...hook }, webhook)?.webhook).toEqual({
      url: hook.MAJORDOMO_TELEGRAM_WEBHOOK_URL,
      secret: hook.MAJORDOMO_TELEGRAM_WEBHOOK_SECRET,
    });
    expect(telegramSettings({ ...bot, ...hook })).not.toHaveProperty('webhook');
  });

  it('may have other names', () => {
    const named = telegramModuleSchema.parse({ bot: { token_env: 'OTHER_TOKEN' } });
    expect(telegramSettings({ ...bot, OTHER_TOKEN: '8:other' }, named)?.token).toBe('8:other');
  });

  it.each([
    ['MAJORDOMO_TELEGRAM_OWNER_ID', { MAJORDOMO_TELEGRAM_TOKEN: bot.MAJORDOMO_TELEGRAM_TOKEN }, undefined],
    ['MAJORDOMO_TELEGRAM_OWNER_ID', { ...bot, MAJORDOMO_TELEGRAM_OWNER_ID: '@me' }, undefined],
    ['MAJORDOMO_TELEGRAM_OWNER_ID', { ...bot, MAJORDOMO_TELEGRAM_OWNER_ID: '-100200' }, undefined],
    ['MAJORDOMO_TELEGRAM_TOKEN', { ...bot, MAJORDOMO_TELEGRAM_TOKEN: 'very-secret' }, undefined],
    ['MAJORDOMO_TELEGRAM_API_ROOT', { ...bot, MAJORDOMO_TELEGRAM_API_ROOT: 'bots:8081' }, undefined],
    ['MAJORDOMO_TELEGRAM_WEBHOOK_SECRET', { ...bot, ...hook, MAJORDOMO_TELEGRAM_WEBHOOK_SECRET: '' }, webhook],
    ['MAJORDOMO_TELEGRAM_WEBHOOK_SECRET', { ...bot, ...hook, MAJORDOMO_TELEGRAM_WEBHOOK_SECRET: 'short' }, webhook],
    ['MAJORDOMO_TELEGRAM_WEBHOOK_URL', { ...bot, ...hook, MAJORDOMO_TELEGRAM_WEBHOOK_URL: '' }, webhook],
  ])('are refused with the name of %s and no value', (name, env: Record<string, string>, module) => {
    const said = refusal(env, module);
    expect(said).toMatch(/^TelegramSettingsError: /u);
    expect(said.match(/MAJORDOMO_[A-Z_]+/gu)).toEqual([name]);
    expect(said).not.toContain('very-secret');
  });
});
