import type { Client } from '@temporalio/client';
import proto from '@temporalio/proto';
import type { Window } from './timing.ts';

const { EventType } = proto.temporal.api.enums.v1;
export type HistoryEvent = proto.temporal.api.history.v1.IHistoryEvent;

/** Activities that a workflow ran: its own events tell the one kind, the SDK's markers the other. */
export interface ActivityCount {
  regular: number;
  local: number;
}

/** What took the time of a window, from the histories' own times; parts of different workflows may lie side by side. */
export interface Parts {
  /** Milliseconds from the window's begin to the first event: the door, or the client, until Temporal is reached. */
  beforeTemporalMs: number;
  workflowTasks: number;
  /** Milliseconds from scheduled to started, and from started to completed (local activities lie in there). */
  workflowTaskWaitMs: number;
  workflowTaskRunMs: number;
  activities: number;
  activityWaitMs: number;
  activityRunMs: number;
}

export async function eventsOf(client: Client, workflowId: string): Promise<HistoryEvent[]> {
  return (await client.workflow.getHandle(workflowId).fetchHistory()).events ?? [];
}

/** How many activities the histories tell of since a moment in milliseconds. */
export function countActivities(histories: readonly (readonly HistoryEvent[])[], since: number): ActivityCount {
  const events = histories.flat().filter((event) => millisecondsOf(event) >= since);
  const regular = events.filter(({ eventType }) => eventType === EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED).length;
  // The marker's name is sdk-core's.
  const local = events.filter((event) => event.markerRecordedEventAttributes?.markerName === 'core_local_activity');
  return { regular, local: local.length };
}

/** The parts of a window, summed over the histories of those who played in it. */
export function partsOf(histories: readonly (readonly HistoryEvent[])[], { from, to }: Window): Parts {
  const moments = histories.flat().map(millisecondsOf);
  const parts = {
    // The window's begin is a whole millisecond, the events are exact.
    beforeTemporalMs: Math.min(to, ...moments.filter((moment) => moment >= from)) - from,
    workflowTasks: 0,
    workflowTaskWaitMs: 0,
    workflowTaskRunMs: 0,
    activities: 0,
    activityWaitMs: 0,
    activityRunMs: 0,
  };
  const within = (begin: number, end: number) => Math.max(0, Math.min(end, to) - Math.max(begin, from));
  for (const events of histories) {
    for (const { isWorkflowTask, scheduled, started, ended } of tasksOf(events)) {
      if (scheduled > to || ended < from) continue;
      const wait = within(scheduled, started);
      const run = within(started, ended);
      parts[isWorkflowTask ? 'workflowTasks' : 'activities'] += 1;
      parts[isWorkflowTask ? 'workflowTaskWaitMs' : 'activityWaitMs'] += wait;
      parts[isWorkflowTask ? 'workflowTaskRunMs' : 'activityRunMs'] += run;
    }
  }
  return parts;
}

interface Task {
  isWorkflowTask: boolean;
  scheduled: number;
  started: number;
  ended: number;
}

/** Every task that was scheduled, started and completed, with its moments in milliseconds since the epoch. */
function tasksOf(events: readonly HistoryEvent[]): Task[] {
  const at = new Map(events.map((event) => [String(event.eventId), millisecondsOf(event)]));
  return events.flatMap((event) => {
    const workflowTask = event.workflowTaskCompletedEventAttributes;
    const done = workflowTask ?? event.activityTaskCompletedEventAttributes;
    if (done === null || done === undefined) return [];
    return [
      {
        isWorkflowTask: workflowTask !== null && workflowTask !== undefined,
        scheduled: at.get(String(done.scheduledEventId)) ?? 0,
        started: at.get(String(done.startedEventId)) ?? 0,
        ended: millisecondsOf(event),
      },
    ];
  });
}

function millisecondsOf({ eventTime }: HistoryEvent): number {
  return Number(eventTime?.seconds ?? 0) * 1000 + (eventTime?.nanos ?? 0) / 1e6;
}
