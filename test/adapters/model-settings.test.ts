import { describe, expect, it } from 'vitest';
import { ModelSettingsError, modelId, modelSettings } from '../../adapters/claude/settings.ts';

const key = 'sk-ant-test-1';

describe('modelSettings', () => {
  it('is offline without a key, also when the variables are empty', () => {
    expect(modelSettings({})).toEqual({ kind: 'offline' });
    expect(modelSettings({ ANTHROPIC_API_KEY: '', ANTHROPIC_AUTH_TOKEN: '', ANTHROPIC_MODEL: 'opus' })).toEqual({
      kind: 'offline',
    });
  });

  it('reads messages with the cheap model, whatever the main one is', () => {
    const settings = modelSettings({
      ANTHROPIC_API_KEY: key,
      ANTHROPIC_MODEL: 'opus',
      ANTHROPIC_DEFAULT_OPUS_MODEL: 'big-1',
    });
    expect(settings).toMatchObject({
      kind: 'claude',
      credential: { apiKey: key },
      model: 'big-1',
      baseUrl: 'https://api.anthropic.com',
    });
    expect(settings).toHaveProperty('extractionModel', expect.stringContaining('haiku'));
    expect(modelSettings({ ANTHROPIC_API_KEY: key, ANTHROPIC_DEFAULT_HAIKU_MODEL: 'tiny-2' })).toMatchObject({
      extractionModel: 'tiny-2',
    });
  });

  it('takes an auth token, another address and a model by its id', () => {
    const env = {
      ANTHROPIC_AUTH_TOKEN: 'token',
      ANTHROPIC_BASE_URL: 'http://127.0.0.1:9/x',
      ANTHROPIC_MODEL: 'claude-x',
    };
    expect(modelSettings(env)).toMatchObject({
      credential: { authToken: 'token' },
      baseUrl: env.ANTHROPIC_BASE_URL,
      model: 'claude-x',
    });
  });

  it('resolves the three aliases and nothing else', () => {
    const models = { opus: 'o', sonnet: 's', haiku: 'h' };
    expect(['opus', 'sonnet', 'haiku', 'claude-x'].map((name) => modelId(models, name))).toEqual([
      'o',
      's',
      'h',
      'claude-x',
    ]);
  });

  it('names every variable that is wrong and shows no value', () => {
    const env = { ANTHROPIC_API_KEY: 'sk-ant-with space', ANTHROPIC_BASE_URL: 'https://user:secret@host.invalid' };
    expect(() => modelSettings(env)).toThrow(ModelSettingsError);
    expect(() => modelSettings(env)).toThrow(/ANTHROPIC_API_KEY .*ANTHROPIC_BASE_URL /);
    expect(() => modelSettings(env)).not.toThrow(/secret|sk-ant/);
    expect(() => modelSettings({ ANTHROPIC_API_KEY: key, ANTHROPIC_BASE_URL: 'ftp://x' })).toThrow(/http or https/);
  });
});
