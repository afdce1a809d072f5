import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLogger, createRedactor, type Logger, temporalLogger } from '../../adapters/log.ts';

const secret = 'hunter2"\\ \n&ü-secret';

function capture(
  secrets: string[] = [secret],
  level = 'trace',
): { logger: Logger; lines: () => Record<string, unknown>[]; text: () => string } {
  const written: string[] = [];
  const logger = createLogger({
    name: 'test',
    level,
    redactor: createRedactor(secrets),
    destination: { write: (line) => written.push(line) },
  });
  return { logger, lines: () => written.map((line) => JSON.parse(line)), text: () => written.join('') };
}

describe('createLogger', () => {
  it('writes one JSON object per line, with name, level and an ISO time', () => {
    const { logger, lines, text } = capture();
    logger.info({ item: 'a\nb' }, 'two\nlines');
    expect(lines()).toEqual([
      expect.objectContaining({
        name: 'test',
        level: 30,
        item: 'a\nb',
        msg: 'two\nlines',
        time: expect.stringMatching(/^\d{4}-.*Z$/),
      }),
    ]);
    expect(text().split('\n')).toHaveLength(2);
  });

  it('honours its level', () => {
    const { logger, lines } = capture([], 'warn');
    logger.info('no');
    logger.warn('yes');
    expect(lines().map(({ msg }) => msg)).toEqual(['yes']);
  });

  it('shows a planted secret nowhere', () => {
    const { logger, text } = capture();
    const error = new Error(`failed with ${secret}`, {
      cause: new Error(`inner ${secret}`, { cause: { note: secret } }),
    });
    error.stack = `Error: ${secret}\n    at ${secret}`;
    logger.info(`message ${secret}`);
    logger.info({ deep: { list: ['x', { any: `a${secret}b` }] }, [`field ${secret}`]: 1 }, 'object');
    logger.info('format %s %o', secret, { inner: secret });
    logger.child({ bound: secret }).warn('child');
    logger.error(error);
    logger.error({ err: error, error }, 'errors');
    logger.info({ url: `https://h/?q=${encodeURIComponent(secret)}`, nested: JSON.stringify({ secret }) });
    expect(text()).not.toMatch(/hunter2/);
    expect(text().match(/\[redacted\]/g)?.length).toBeGreaterThan(12);
  });

  it('learns secrets while it runs', () => {
    const written: string[] = [];
    const redactor = createRedactor();
    const logger = createLogger({ name: 'test', redactor, destination: { write: (line) => written.push(line) } });
    redactor.add('late-secret');
    logger.info('a late-secret');
    expect(written.join('')).toContain('a [redacted]');
  });

  it('redacts fields by name at any depth, whatever their spelling and content', () => {
    const { logger, text } = capture([]);
    for (const field of [
      'authorization',
      'Authorization',
      'x-api-key',
      'password',
      'token',
      'apiKey',
      'api_key',
      'code',
      'cookie',
      'Set-Cookie',
      'refresh_token',
    ]) {
      logger.info({ [field]: 'planted' });
      logger.info({ a: [{ b: { [field]: { c: ['planted'] } } }] });
    }
    expect(text()).not.toContain('planted');
  });

  it.each([
    ['postgres://ann:planted@h/d', 'postgres://[redacted]@h/d'],
    ['see https://planted:planted@h:1/p?q=a@b', 'see https://[redacted]@h:1/p?q=a@b'],
    ['postgres://ann:plan@ted@h/d', 'postgres://[redacted]@h/d'],
    ['mail to a@b.example, https://h/x@y', 'mail to a@b.example, https://h/x@y'],
  ])('takes the credentials out of %s', (before, after) => {
    const { logger, lines } = capture([]);
    logger.info({ url: before }, before);
    expect(lines()[0]).toMatchObject({ url: after, msg: after });
  });

  it("keeps an error's code, and drops the rows that Postgres puts into its details", () => {
    const { logger, lines } = capture([]);
    logger.error(
      Object.assign(new Error('duplicate'), { code: '23505', detail: 'Key (name)=(planted) already exists.' }),
    );
    expect(lines()[0]?.err).toMatchObject({ message: 'duplicate', code: '23505', detail: '[redacted]' });
  });
});

describe('createRedactor', () => {
  it('leaves no secret in any text or value', () => {
    const word = fc.string({ minLength: 6, unit: 'grapheme' }).filter((text) => !'[redacted]'.includes(text));
    fc.assert(
      fc.property(word, fc.string(), fc.string(), (planted, before, after) => {
        const redactor = createRedactor([planted]);
        expect(redactor.text(`${before}${planted}${after}`).split('[redacted]').join('\u0000')).not.toContain(planted);
      }),
    );
  });

  it('replaces the longer of two secrets first, and ignores what is too short to be one', () => {
    expect(createRedactor(['secret', 'secret-long', 'a']).text('a secret-long secret')).toBe('a [redacted] [redacted]');
  });

  it('keeps what is no secret as it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const neutral: unknown = JSON.parse(JSON.stringify(value).replaceAll('://', ''));
        expect(createRedactor().value({ x: neutral })).toEqual({ x: neutral });
      }),
    );
  });
});

describe('temporalLogger', () => {
  it("turns Temporal's lines into lines of ours, redacted", () => {
    const { logger, lines, text } = capture();
    const temporal = temporalLogger(logger);
    temporal.log('WARN', 'logged', { workflowId: 'w' });
    temporal.trace('t');
    temporal.debug('d', { big: 3n });
    temporal.info('i');
    temporal.warn('w', { error: new Error(secret) });
    temporal.error('e');
    expect(lines().map(({ level, msg }) => [level, msg])).toEqual([
      [40, 'logged'],
      [10, 't'],
      [20, 'd'],
      [30, 'i'],
      [40, 'w'],
      [50, 'e'],
    ]);
    expect(lines()[0]).toMatchObject({ workflowId: 'w' });
    expect(text()).not.toMatch(/hunter2/);
  });
});
