import { afterEach, expect, it } from 'vitest';
import { startRelay, type Relay, type RelayParts } from '../../workers/relay.ts';

let relay: Relay;
afterEach(() => relay.stop());

const account = { accountId: 'a', ownerId: 'o' };

function parts(changes: Partial<RelayParts> = {}) {
  const seen = { looks: 0, started: [] as string[], warnings: [] as string[] };
  const made: RelayParts = {
    deliveries: { dueAccounts: async () => ((seen.looks += 1), []) },
    workflows: { startOutbox: async ({ accountId }) => void seen.started.push(accountId) },
    log: { warn: (_facts, message) => void seen.warnings.push(message) },
    everyMs: 60_000,
    ...changes,
  };
  return { seen, made };
}

it('looks when an activity has ended, however it ended, and hands its result on', async () => {
  const { seen, made } = parts();
  relay = startRelay(made);
  const activities = relay.after({
    fine: async (n: number) => n + 1,
    bad: async () => Promise.reject(new Error('bad')),
  });
  await expect.poll(() => seen.looks).toBe(1);
  expect(await activities.fine(1)).toBe(2);
  await expect.poll(() => seen.looks).toBe(2);
  await expect(activities.bad()).rejects.toThrow('bad');
  await expect.poll(() => seen.looks).toBe(3);
});

it('looks once more for what ended while it looked, and once for many that end together', async () => {
  const waiting: Array<() => void> = [];
  const { seen, made } = parts();
  relay = startRelay({
    ...made,
    deliveries: {
      dueAccounts: () => new Promise((resolve) => ((seen.looks += 1), waiting.push(() => resolve([account])))),
    },
  });
  const { activity } = relay.after({ activity: async () => undefined });
  await expect.poll(() => waiting.length).toBe(1);
  await Promise.all([activity(), activity(), activity()]);
  waiting[0]?.();
  await expect.poll(() => waiting.length).toBe(2);
  expect(seen.started).toEqual(['a']);
  waiting[1]?.();
  await expect.poll(() => seen.started).toEqual(['a', 'a']);
  expect(seen.looks).toBe(2);
});

it('says once that it cannot look, tries less often, and goes on when it can', async () => {
  let away = true;
  const { seen, made } = parts({ everyMs: 20 });
  relay = startRelay({
    ...made,
    deliveries: {
      dueAccounts: async () => {
        seen.looks += 1;
        if (away) throw new Error('away');
        return [account];
      },
    },
  });
  await expect.poll(() => seen.looks).toBeGreaterThan(3);
  expect(seen.warnings).toHaveLength(1);
  away = false;
  await expect.poll(() => seen.started.length).toBeGreaterThan(0);
  away = true;
  await expect.poll(() => seen.warnings.length).toBe(2);
});
