import { readdirSync, readFileSync } from 'node:fs';
import { historyFromJSON } from '@temporalio/common/lib/proto-utils.js';
import { describe, expect, it } from 'vitest';
import { countActivities, type HistoryEvent, partsOf } from '../../bench/histories.ts';

/** A history that the tests of replay keep. */
function recorded(name: string): HistoryEvent[] {
  return historyFromJSON(JSON.parse(readFileSync(`test/histories/${name}.json`, 'utf8'))).events ?? [];
}

const at = (event: HistoryEvent | undefined) =>
  Number(event?.eventTime?.seconds ?? 0) * 1000 + (event?.eventTime?.nanos ?? 0) / 1e6;

describe('what histories tell', () => {
  it('counts activities and local ones, and none of before', () => {
    const events = recorded('purchase.bought');
    const text = readFileSync('test/histories/purchase.bought.json', 'utf8');
    const scheduled = text.match(/EVENT_TYPE_ACTIVITY_TASK_SCHEDULED/g)?.length;
    const markers = text.match(/"core_local_activity"/g)?.length;
    expect([scheduled, markers].every((count) => (count ?? 0) > 3)).toBe(true);
    expect(countActivities([events], 0)).toEqual({ regular: scheduled, local: markers });
    expect(countActivities([events, events], at(events.at(-1)) + 1)).toEqual({ regular: 0, local: 0 });
  });

  it.each(readdirSync('test/histories').flatMap((file) => /^(.+)\.json$/.exec(file)?.[1] ?? []))(
    'finds parts of %s that are not longer than it took',
    (name) => {
      const events = recorded(name);
      const [from, to] = [at(events[0]), at(events.at(-1))];
      const parts = partsOf([events], { from, to });
      expect(parts.workflowTasks).toBeGreaterThan(0);
      expect(parts.beforeTemporalMs).toBe(0);
      // A workflow's own tasks come one after the other.
      expect(parts.workflowTaskWaitMs + parts.workflowTaskRunMs).toBeLessThanOrEqual(to - from + 0.001);
      expect(Object.values(parts).every((part) => part >= 0)).toBe(true);
    },
  );

  it('leaves out what lies outside the window', () => {
    const events = recorded('purchase.bought');
    const end = at(events.at(-1));
    expect(partsOf([events], { from: end + 1, to: end + 5 })).toEqual({
      beforeTemporalMs: 4,
      workflowTasks: 0,
      workflowTaskWaitMs: 0,
      workflowTaskRunMs: 0,
      activities: 0,
      activityWaitMs: 0,
      activityRunMs: 0,
    });
  });
});
