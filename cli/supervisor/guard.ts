import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { isSame } from './identity.mjs';
import type { Identity } from './identity.mjs';

/** A running process and how it wants to be stopped. */
export interface Stoppable extends Identity {
  name: string;
  signal: 'SIGTERM' | 'SIGINT';
  /** Seconds after `signal` until SIGKILL. */
  seconds: number;
}

/** The process that stops the children when the supervisor ends in whatever way. */
export interface Guard {
  /** The process; another one after a guard was killed. */
  pid(): number;
  /** Tells the processes to stop, in stop order; replaces the list told before. */
  tell(running: Stoppable[]): void;
  /** Closes the pipe and resolves when everything on the list is gone. */
  finish(): Promise<void>;
}

const script = fileURLToPath(new URL('guard.mjs', import.meta.url));

/** Starts a guard in a session of its own, so that neither Ctrl-C nor a closed terminal reaches it. */
export function startGuard(): Guard {
  let told: Stoppable[] = [];
  let finishing = false;
  let child = launch();

  function launch(): ChildProcess {
    const started = spawn(process.execPath, [script], { detached: true, stdio: ['pipe', 'ignore', 'ignore'] });
    // A write to a guard that is gone must not end the supervisor: the next one gets the list.
    started.stdin.on('error', () => {});
    started.once('exit', () => {
      if (finishing) return;
      child = launch();
      tell(told);
    });
    return started;
  }
  function tell(running: Stoppable[]): void {
    told = running;
    child.stdin?.write(`${JSON.stringify(running)}\n`);
  }
  return {
    pid: () => child.pid ?? 0,
    tell,
    finish: async () => {
      finishing = true;
      if (child.exitCode === null && child.signalCode === null) {
        const exited = once(child, 'exit');
        child.stdin?.end();
        await exited;
      }
      if (told.some(isSame)) await stopAll(told);
    },
  };
}

/** Stops processes in the order given and resolves when they are gone. */
export async function stopAll(running: Stoppable[]): Promise<void> {
  const guard = startGuard();
  guard.tell(running);
  await guard.finish();
}
