import { describe, expect, it } from 'vitest';
import { EnvironmentInvalid, houseEnvironment, secretValues } from '../../workers/environment.ts';

const good = {
  MAJORDOMO_HOME: '/somewhere',
  DATABASE_URL: 'postgres://127.0.0.1:7754/majordomo',
  TEMPORAL_ADDRESS: '127.0.0.1:7233',
};

describe('the environment of worker and api', () => {
  it('has defaults, also for what is empty', () => {
    expect(houseEnvironment({ ...good, TEMPORAL_NAMESPACE: '', MAJORDOMO_LOG_LEVEL: '' })).toMatchObject({
      temporalNamespace: 'default',
      logLevel: 'info',
    });
  });

  it('says everything that is wrong at once, without a value', () => {
    const bad = { DATABASE_URL: 'mysql://user:hunter22@host/db', TEMPORAL_ADDRESS: 'nowhere' };
    const attempt = () => houseEnvironment(bad);
    expect(attempt).toThrow(EnvironmentInvalid);
    expect(attempt).toThrow(/MAJORDOMO_HOME[^]*DATABASE_URL[^]*TEMPORAL_ADDRESS/u);
    expect(attempt).not.toThrow(/hunter22/u);
  });
});

it('knows what no log may show', () => {
  const env = {
    ANTHROPIC_API_KEY: 'sk-one',
    ANTHROPIC_AUTH_TOKEN: 'token-two',
    MAJORDOMO_SMTP_PASSWORD: 'three',
    MAJORDOMO_KEYS: 'k2:four,k1:five',
    MAJORDOMO_PORT: '7780',
  };
  expect(secretValues(env)).toEqual(['sk-one', 'token-two', 'three', 'four', 'five']);
});
