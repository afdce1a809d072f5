import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { createIntake } from '../../adapters/telegram/intake.ts';
import { createTelegramSource } from '../../adapters/telegram/source.ts';
import { type BotApi, startBotApi } from '../../cli/demo/bot-api/client.ts';
import { telegramUpdateSchema } from '../../contracts/telegram-updates.ts';

const token = '7000000001:AAH-very-secret-token';
const patience = { timeout: 10_000, interval: 25 };

let api: BotApi;
/** What was taken, in order: what an earlier test's end left unconfirmed comes again. */
const taken: string[] = [];
/** How often the next update is not taken. */
let refusals = 0;
const logged: string[] = [];
const opened: Array<ReturnType<typeof createIntake>> = [];

beforeAll(async () => {
  api = await startBotApi({ token, ownerId: 4711 });
});
beforeEach(() => {
  taken.length = 0;
  logged.length = 0;
  refusals = 0;
});
afterEach(async () => {
  await Promise.all(opened.splice(0).map((intake) => intake.stop()));
  await api.clear();
  await api.listen(true);
});
afterAll(() => api.stop());

function start(options: { token?: string; take?: (update: unknown) => Promise<void> } = {}) {
  const note = (facts: object, message: string) => void logged.push(`${message} ${JSON.stringify(facts)}`);
  const intake = createIntake({
    source: createTelegramSource({ token: options.token ?? token, apiRoot: api.api }),
    take:
      options.take ??
      (async (update) => {
        if (refusals > 0) {
          refusals -= 1;
          throw new Error('away');
        }
        taken.push(telegramUpdateSchema.parse(update).message?.text ?? '');
      }),
    log: { warn: note, error: note },
    repeatMs: 50,
  });
  opened.push(intake);
  intake.start();
  return intake;
}
const health = (intake: ReturnType<typeof createIntake>) => intake.probe.check(AbortSignal.timeout(100));
const taking = (...texts: string[]) => vi.waitFor(() => expect(taken.slice(-texts.length)).toEqual(texts), patience);
const logging = (words: string) => vi.waitFor(() => expect(logged.join()).toContain(words), patience);
const polled = () => vi.waitFor(async () => expect((await api.state()).polled).toBe(true), patience);

describe('polling', () => {
  it('moves the offset over an update only after it was taken, and keeps the order', async () => {
    start();
    await polled();
    refusals = 3;
    await api.write({ text: 'one' });
    await api.write({ text: 'two' });
    await taking('one', 'two');
    await polled();
    expect((await api.state()).pending).toBe(0);
  });

  it('leaves what it had not taken when it stopped to the next one', async () => {
    refusals = Number.POSITIVE_INFINITY;
    const first = start();
    await polled();
    await api.write({ text: 'three' });
    await vi.waitFor(async () => expect((await api.state()).polled).toBe(false), patience);
    await first.stop();
    expect((await api.state()).pending).toBe(1);
    refusals = 0;
    start();
    await taking('three');
  });

  it('stops at once in the middle of a long poll, and soon while an update is being taken', async () => {
    const idle = start();
    await polled();
    let begun = Date.now();
    await idle.stop();
    expect(Date.now() - begun).toBeLessThan(500);
    let underWay = false;
    const busy = start({ take: () => new Promise(() => (underWay = true)) });
    await api.write({ text: 'never' });
    await vi.waitFor(() => expect(underWay).toBe(true), patience);
    begun = Date.now();
    await busy.stop();
    expect(Date.now() - begun).toBeLessThan(2_000);
    expect(logged).toEqual([]);
    start();
    await taking('never');
  });

  it('takes the place of a webhook', async () => {
    const source = createTelegramSource({ token, apiRoot: api.api });
    const hook = { url: 'http://127.0.0.1:9/telegram/webhook', secret: 'a-secret' };
    await source.beginWebhook(hook, AbortSignal.timeout(5_000));
    await expect(source.poll(undefined, AbortSignal.timeout(5_000))).rejects.toMatchObject({ code: 409 });
    const intake = start();
    await polled();
    expect((await api.state()).webhook).toBeNull();
    expect(await health(intake)).toEqual({ status: 'healthy', detail: null });
  });
});

describe('trouble with Telegram', () => {
  it('is another poller: what to do is said, and it goes on when that one has gone', async () => {
    start();
    await polled();
    const other = start();
    await logging('Something else takes the updates of this bot');
    await other.stop();
    await api.write({ text: 'four' });
    await vi.waitFor(() => expect(taken).toContain('four'), patience);
  });

  it('is a token that it does not know: said once, and health shows it without showing the token', async () => {
    const intake = start({ token: '1:wrong-token' });
    await logging('does not know this token');
    expect(await health(intake)).toEqual({ status: 'degraded', detail: expect.stringContaining('BotFather') });
    expect(intake.probe).toMatchObject({ name: 'telegram', vital: false });
    expect(logged).toHaveLength(1);
    expect(logged.join()).not.toContain('wrong-token');
  });

  it('is an outage, of any kind: it goes on, said once, and is healthy again', async () => {
    await api.listen(false);
    const intake = start();
    await logging('Telegram cannot be reached.');
    expect((await health(intake)).status).toBe('degraded');
    await api.fault('getUpdates', { kind: 'reset' });
    await api.fault('getUpdates', { kind: 'garbage' });
    await api.fault('getUpdates', { kind: 'answer', code: 502 });
    await api.listen(true);
    await polled();
    await api.write({ text: 'five' });
    await taking('five');
    expect((await health(intake)).status).toBe('healthy');
    expect(logged.filter((line) => line.startsWith('Telegram cannot')).length).toBeLessThanOrEqual(2);
    expect(logged.join()).not.toContain('very-secret');
  });

  it('is flood control: it waits as long as it is told', async () => {
    await api.fault('getUpdates', { kind: 'answer', code: 429, retry_after: 1 });
    const begun = Date.now();
    start();
    await polled();
    expect(Date.now() - begun).toBeGreaterThan(1_000);
    await logging('Telegram says 429.');
  });
});
