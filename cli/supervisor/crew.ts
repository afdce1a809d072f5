import { join } from 'node:path';
import { keepRunning } from './child.ts';
import type { Child, ChildOptions, ChildSpec } from './child.ts';
import { startGuard } from './guard.ts';
import type { Stoppable } from './guard.ts';

/** The children of one supervisor and the guard that stops them. */
export interface Crew {
  /** Starts a child and resolves when it serves. The order of the calls, reversed, is the order of stopping. */
  start(spec: ChildSpec): Promise<Child>;
  /** The process that would stop the children if this one were killed. */
  guardPid(): number;
  /** What runs now, in stop order. */
  running(): Stoppable[];
  /** Stops everything in order; resolves when all are gone. */
  stop(): Promise<void>;
}

export interface CrewOptions extends Pick<ChildOptions, 'say' | 'backoff'> {
  /** Folder for `<name>.log`. */
  logs: string;
  /** Called with what runs, in stop order, whenever that changes. */
  changed?: (running: Stoppable[]) => void;
}

/** Something was to be started while everything is being stopped. */
export class Stopping extends Error {
  override name = 'Stopping';
}

/** Starts the guard and an empty crew. */
export function createCrew({ logs, changed, ...options }: CrewOptions): Crew {
  const guard = startGuard();
  const seen = new Map<string, Stoppable | undefined>();
  const children: Child[] = [];
  let stopping = false;
  const running = () => [...seen.values()].filter((one) => one !== undefined).toReversed();
  const note = (name: string) => (current: Stoppable | undefined) => {
    seen.set(name, current);
    // While stopping the guard works through the list that it has.
    if (!stopping) guard.tell(running());
    changed?.(running());
  };
  return {
    guardPid: () => guard.pid(),
    running,
    start: async (spec) => {
      if (stopping) throw new Stopping('The house is stopping.');
      const child = await keepRunning(spec, {
        ...options,
        logFile: join(logs, `${spec.name}.log`),
        changed: note(spec.name),
      });
      if (stopping) child.letGo();
      children.push(child);
      return child;
    },
    stop: async () => {
      stopping = true;
      for (const child of children) child.letGo();
      await guard.finish();
    },
  };
}
